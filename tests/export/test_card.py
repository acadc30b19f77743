"""A card is used only if every key, type, range and count in it is right: by the page and by `predict` alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from builder.export import stage as export
from builder.export.card import SCHEMA, card_problem
from builder.site.messages import classes_in_english
from tests.conftest import Build, run_build_py
from tests.in_node import in_node
from tests.tampering import MODEL, bad_cards

CLASSES = classes_in_english()


@pytest.fixture(scope="module")
def card(demo_build: Build) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((demo_build.site / MODEL / "card.json").read_text(encoding="utf-8"))
    return read


def problems_in_page(cards: list[Any]) -> list[str | None]:
    known = {"name": "compact", "classes": CLASSES}
    function = "([cards, known]) => cards.map((card) => Cards.problem(card, known))"
    told: list[str | None] = in_node(["network/cards"], function, [cards, known])
    return told


def test_page_and_terminal_accept_the_cards_of_a_build(demo_build: Build, card: dict[str, Any]) -> None:
    assert problems_in_page([card]) == [None]
    for folder in sorted((demo_build.site / "model").iterdir()):
        assert (
            card_problem(json.loads((folder / "card.json").read_text(encoding="utf-8")), folder.name, CLASSES) is None
        )


def test_page_and_terminal_refuse_every_tampered_card(card: dict[str, Any]) -> None:
    bad = list(bad_cards(card))
    assert len(bad) > 300
    in_page = problems_in_page([each for _, each in bad])
    assert [name for (name, _), problem in zip(bad, in_page, strict=True) if not problem] == []
    assert [name for name, each in bad if not card_problem(each, "compact", CLASSES)] == []


def test_what_the_build_writes_into_a_self_test_is_what_a_card_must_prove_at_least() -> None:
    test = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]["self_test"]["properties"]
    assert test["vectors"]["minItems"] <= export.SELF_TEST_PHOTOS
    assert test["tolerance"]["maximum"] >= export.SELF_TEST_TOLERANCE
    assert test["scope_tolerance"]["maximum"] >= export.SELF_TEST_OOD_TOLERANCE


@pytest.mark.parametrize("damage", ["no threshold", "cut", "NaN", "missing", "another network's"])
def test_predict_refuses_a_damaged_card_in_two_lines(demo_build: Build, tmp_path: Path, damage: str) -> None:
    site = tmp_path / "site"
    shutil.copytree(demo_build.site / "model" / "compact", site / "model" / "compact")
    for name in ("report.json", "sw.js"):
        shutil.copy(demo_build.site / name, site)
    file = site / MODEL / "card.json"
    text = file.read_text(encoding="utf-8")
    if damage == "no threshold":
        changed = json.loads(text)
        del changed["judgement"]["operating_point"]["threshold"]
        file.write_text(json.dumps(changed), encoding="utf-8")
    elif damage == "cut":
        file.write_text(text[: len(text) // 2], encoding="utf-8")
    elif damage == "NaN":
        file.write_text(text.replace('"distance_limit": ', '"distance_limit": NaN, "_": '), encoding="utf-8")
    elif damage == "missing":
        file.unlink()
    else:
        shutil.copy(demo_build.site / "model" / "cnn" / "card.json", file)
    photo = tmp_path / "photo.png"
    Image.new("RGB", (400, 300), (200, 150, 130)).save(photo)
    done = run_build_py("--site", site, "predict", photo)
    assert done.returncode == 1
    assert done.stdout == ""
    said = done.stderr.strip().splitlines()
    assert len(said) == 2 and "card" in said[0] and "Traceback" not in done.stderr
