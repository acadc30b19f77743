"""The page of an evaluation is one accessible file that says first whether the network has seen the photos."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser
from referencing import Registry, Resource

from builder.studies.external_validation.in_words import in_words
from builder.studies.external_validation.page import write_pages
from builder.studies.external_validation.study import SCHEMAS
from tests.report_figures import NONE, PHOTOS, figure, make_network, make_report
from tests.visiting import violations

SEEN = {"same": 3, "near_identical": 1, "same_lesion": 0}
UNSEEN = {"same": 0, "near_identical": 0, "same_lesion": 0}
OF_REPORT = ("title", "test", "by_class", "confusion", "roc", "malignant", "calibration", "sureness", "subgroups")


def make_evaluation() -> dict[str, Any]:
    network = make_network()
    return {
        "$schema": "evaluation.schema.json",
        "data": {
            "source": "class folders", "title": "photos in class folders", "licence": None, "citation": None,
            "notes": ["A note."], "photos": 500, "lesions": 410, "near_identical": {"photos": 4, "groups": 2},
            "by_class": PHOTOS, "missing_classes": [], "other_labels": [{"label": "scc", "photos": 12}],
            "left_out": [{"reason": "unknown label", "files": 12}],
        },
        "trained_on": {"title": "HAM10000", "is_demo": False},
        "config": {"evaluation": {"resamples": 1000}},
        "networks": {"cnn": {
            **{part: network[part] for part in OF_REPORT},
            "version": "0123456789abcdef" * 4,
            "decisions": {
                "not_a_lesion": figure(0.1), "not_a_lesion_of_malignant": figure(0.08), "not_sure": figure(0.3),
                "answer": figure(0.6), "right_of_answers": figure(0.8),
            },
            "overlap": {"learned_from": 0, "training": UNSEEN, "validation": UNSEEN, "test": UNSEEN},
        }},
    }  # fmt: skip


def words(evaluation: dict[str, Any], into: Path) -> str:
    into.mkdir(exist_ok=True)
    page = into / write_pages(evaluation, make_report(), into)
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8").partition("<main")[2])
    return re.sub(r"\s+", " ", text).replace("\N{NO-BREAK SPACE}", " ")


def test_what_these_tests_show_is_of_the_shape_that_the_schema_says() -> None:
    schemas = [json.loads(file.read_text(encoding="utf-8")) for file in SCHEMAS]
    resources = [(file.name, Resource.from_contents(each)) for file, each in zip(SCHEMAS, schemas, strict=True)]
    registry: Registry[Any] = Registry().with_resources(resources)
    problems = Draft202012Validator(schemas[0], registry=registry).iter_errors(make_evaluation())
    assert [f"{error.json_path}: {error.message}" for error in problems] == []


def test_photos_that_were_trained_on_are_said_before_any_figure(tmp_path: Path) -> None:
    evaluation = make_evaluation()
    evaluation["networks"]["cnn"]["overlap"] |= {"learned_from": 4, "validation": SEEN}
    text = words(evaluation, tmp_path)
    warning = "4 of the 500 photos (0.8 %) are among those that the network was trained or tuned on"
    assert 0 <= text.index(warning) < text.index("of 100 right")
    said = "\n".join(in_words(evaluation, {}))
    assert "WARNING: 4 of these 500 photos, 0.8 %, are among those that the network was trained or tuned on" in said
    assert "3 the very photos, 1 near-identical" in said


def test_photos_of_the_test_part_are_no_reason_to_warn(tmp_path: Path) -> None:
    evaluation = make_evaluation()
    evaluation["networks"]["cnn"]["overlap"]["test"] = SEEN
    assert "It has learned from" not in words(evaluation, tmp_path)
    assert "WARNING" not in "\n".join(in_words(evaluation, {}))


def test_what_could_not_be_checked_is_said_before_any_figure(tmp_path: Path) -> None:
    evaluation = make_evaluation()
    evaluation["networks"]["cnn"]["overlap"] = None
    text = words(evaluation, tmp_path)
    assert 0 <= text.index("could not be checked") < text.index("of 100 right")


def test_nothing_is_said_of_a_class_without_photos(tmp_path: Path) -> None:
    evaluation = make_evaluation()
    evaluation["data"]["missing_classes"] = ["mel"]
    network = evaluation["networks"]["cnn"]
    for name in network["test"]:
        if name.startswith("melanoma"):
            network["test"][name] = dict(NONE)
    network["by_class"]["mel"] |= {"photos": 0, "sensitivity": dict(NONE), "auc": dict(NONE)}
    text = words(evaluation, tmp_path)
    assert "How many melanomas it misses cannot be computed: there is no photo of one" in text
    assert "There is no photo of melanoma." in text
    assert "Melanomas found not measured" in text


def test_labels_beyond_the_seven_are_named_with_their_number(tmp_path: Path) -> None:
    assert "as the network knows no such kind: scc (12 photos)." in words(make_evaluation(), tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_evaluation_is_accessible_fits_a_phone_and_loads_nothing(
    browser: Browser, tmp_path: Path, scheme: Any
) -> None:
    evaluation = make_evaluation()
    evaluation["networks"]["cnn"]["overlap"] |= {"learned_from": 4, "training": SEEN}
    page = browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = (tmp_path / write_pages(evaluation, make_report(), tmp_path)).as_uri()
    page.goto(address)
    assert asked == [address]
    assert page.evaluate("getComputedStyle(document.querySelector('.headline')).display") == "grid"  # it has its styles
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = violations(page)
    page.close()
    assert found == []
