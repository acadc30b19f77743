"""The report page says what report.json holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from builder.site.messages import classes_in_english
from tests.conftest import REPOSITORY, Build
from tests.report_figures import figure, figures_in, make_folds, make_leakage, make_network, make_report
from tests.report_words import Sections, render

SCORES = {
    "auc",
    "auroc",
    "macro_auc",
    "melanoma_auc",
    "malignant_auc",
    "f1",
    "average_precision",
    "macro_average_precision",
}
NUMBERS = {"brier_score", "log_loss"}
SHOWN_IN = {  # section of the page -> what of a network's figures it shows
    "figures": ("test",),
    "kinds": ("by_class",),
    "curves": ("by_class",),
    "malignant": ("malignant",),
    "calibration": ("calibration",),
    "confidence": ("sureness",),
    "ood": ("scope",),
    "groups": ("subgroups",),
}
NOT_IN_SECTION = {  # figures of a class are in two sections
    "kinds": {"auc", "average_precision"},
    "curves": {"sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value", "f1"},
}


def rounded(value: float, places: str) -> str:
    # The slack is that of builder/formatting.py: binary fractions lose what decimal ones end in.
    return str(Decimal(value + 1e-11).quantize(Decimal(places), rounding=ROUND_HALF_UP))


def shown(name: str, value: float | None) -> str:
    """A figure as a reader should find it, worked out from the number with code of the test's own."""
    assert value is not None
    if name in NUMBERS:
        return rounded(value, "0.001")
    if name in SCORES:
        return rounded(min(value, 0.999), "0.001") if 0.995 <= value < 1 else f"{min(1.0, max(0.0, value)):.2f}"
    share = 100 * min(1.0, max(0.0, value))
    if 0 < share < 0.1 or 99.9 < share < 100:
        return "under 0.1" if share < 1 else "over 99.9"
    return rounded(share, "0.1") if 0 < share < 9.95 or 99 <= share < 100 else rounded(share, "1")


def test_the_reports_of_these_tests_have_the_shape_that_the_site_publishes() -> None:
    schema = json.loads((REPOSITORY / "builder" / "evaluate" / "report.schema.json").read_text(encoding="utf-8"))
    whole = {**make_report(), "leakage": make_leakage(), "folds": make_folds()}
    for report in (make_report(), make_report(is_demo=True), whole):
        problems = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(report)]
        assert problems == []


@pytest.mark.parametrize("section", SHOWN_IN)
def test_every_figure_is_shown_with_its_interval(section: str, tmp_path: Path) -> None:
    report = make_report()
    text = render(report, tmp_path)[section]
    assert len(list(measured_figures(report, section))) >= 3
    assert missing_figures(report, section, text) == []


def test_a_built_page_shows_every_figure_of_its_report(demo_build: Build) -> None:
    page = Sections((demo_build.site / "report.html").read_text(encoding="utf-8"))
    assert {section: missing_figures(demo_build.report, section, page[section]) for section in SHOWN_IN} == {
        section: [] for section in SHOWN_IN
    }


def measured_figures(report: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, float | None]]]:
    for key in SHOWN_IN[section]:
        for name, each in figures_in(next(iter(report["networks"].values()))[key], key):  # whose page is report.html
            if each["value"] is not None and name not in NOT_IN_SECTION.get(section, ()):
                yield name, each


def missing_figures(report: dict[str, Any], section: str, text: str) -> list[str]:
    """What of a section's figures its text lacks, each with the cell that should be there."""
    cells = []
    for name, each in measured_figures(report, section):
        unit = "" if name in SCORES | NUMBERS else " %"
        cell = shown(name, each["value"]) + unit
        if each["low"] is not None:
            cell += f" {shown(name, each['low'])} to {shown(name, each['high'])}{unit}"
        cells.append((name, cell))
    return [f"{name}: {cell}" for name, cell in cells if not re.search(rf"(?<![\d.]){re.escape(cell)}(?![\d.])", text)]


def test_the_confusion_matrix_is_there_in_counts_and_by_row(tmp_path: Path) -> None:
    report = make_report()
    text = render(report, tmp_path)["mistakes"]
    by_count, by_row = text.split("Each row in percent")
    for lesion_class, row in zip(classes_in_english(), report["networks"]["cnn"]["confusion"], strict=True):
        start = f"{lesion_class['code']} {lesion_class['name']} "
        assert start + " ".join(map(str, row)) in by_count
        shares = [shown("share", count / sum(row)) for count in row]
        assert start + " ".join(shares) in by_row


def test_the_first_words_are_the_figures_a_worried_person_needs(tmp_path: Path) -> None:
    opening = render(make_report(), tmp_path)["opening"]
    assert "names 71 of 100 right" in opening
    assert "always answering melanocytic nevus, the commonest kind, would name 64 of 100 right" in opening
    assert "misses 6 of 10 melanomas" in opening


def test_missed_melanomas_are_counted_in_plain_words(tmp_path: Path) -> None:
    text = render(make_report(), tmp_path)["malignant"]
    assert "of 100 melanomas it misses 62 (95 % interval 58 to 66)" in text
    assert "of 100 other spots it takes 58 (54 to 62) for one" in text
    assert "it calls 93 of 100 suspicious and misses 7 of 100" in text
    assert "it calls 46 of 100 suspicious without need" in text
    assert "13 % or more" in text


def test_what_leakage_adds_is_shown_both_ways(tmp_path: Path) -> None:
    report = make_report()
    leakage = report["leakage"] = make_leakage()
    text = render(report, tmp_path)["leakage"]
    assert "31 % of the test photos and 56 % of the test melanomas" in text
    assert "looks 6.2 percentage points better than it is" in text
    for way in ("by_lesion", "by_photo"):
        for name, each in figures_in(leakage[way]):
            assert shown(name, float(each["value"] or 0)) in text
    assert text.count("+6.2 points +3.2 to +9.2") == 3
    assert text.count("+0.062 +0.032 to +0.092") == 2


def test_the_folds_are_shown_with_their_spread_and_which_of_them_the_site_holds(tmp_path: Path) -> None:
    report = make_report()
    folds = report["folds"] = make_folds(shipped=2)
    sections = render(report, tmp_path)
    text = sections["folds"]
    assert "The 1,230 lesions were dealt into three folds" in text and "each lesion was tested once" in text
    assert "This site holds the network of fold 2." in text and "2, on this site" in text and "siblings" in text
    assert "fold 2 of 3" in sections["card"]
    for name, spread in folds["networks"]["cnn"]["figures"].items():
        assert shown(name, spread["mean"]) in text
        for _, each in figures_in(spread["by_fold"], name):
            assert shown(name, float(each["value"] or 0)) in text
    assert text.count("3.1 percentage points") == 4 and text.count("0.031") == 2
    report["folds"] = None
    sections = render(report, tmp_path)
    assert "folds" not in sections.parts and "siblings" not in sections["card"]


def test_a_report_of_drawings_says_nothing_of_people(tmp_path: Path) -> None:
    page = render(make_report(is_demo=True), tmp_path)
    whole = " ".join(page[name] for name in page.parts)
    assert "drawn test images" in page["opening"] and "They are drawings" in page["data"]
    assert "nothing here says how it does on anybody’s skin" in page["card"]
    for claim in ("HAM10000", "real people", "light skin", "Austria"):
        assert claim not in whole


def test_several_networks_have_a_page_each_that_lead_to_one_another(tmp_path: Path) -> None:
    report = make_report()
    report["networks"]["small"] = make_network("a small network")
    report["networks"]["small"]["test"]["accuracy"] = figure(0.83)
    assert "names 83 of 100 right" in render(report, tmp_path, "report-small.html")["opening"]
    assert 'href="report-small.html"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'href="report.html">the origin network' in (tmp_path / "report-small.html").read_text(encoding="utf-8")


def test_the_model_card_says_how_each_networks_training_photos_were_varied(tmp_path: Path) -> None:
    report = make_report()
    report["networks"]["small"] = make_network("a small network")
    small, cnn = (render(report, tmp_path, page)["card"] for page in ("report-small.html", "report.html"))
    assert "turned, mirrored, zoomed and lit another way" in small and "is used twice" not in small
    assert "is used twice, the second time mirrored or zoomed" in cnn
    assert "mirrored at most" not in small
    report["config"]["networks"]["small"] |= {"plain_share": 0.2, "epochs": 40}
    assert (
        "at random; in the last 8 of 40 epochs, mirrored at most."
        in render(report, tmp_path, "report-small.html")["card"]
    )
