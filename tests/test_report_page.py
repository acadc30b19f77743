"""The report page says what report.json holds, and nothing that is false for unusual data."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser

from builder.classes import CLASSES, CODES
from builder.render import TEMPLATES, template_environment
from builder.report_pages import write_report_pages
from tests.conftest import REPOSITORY, Build
from tests.report_figures import NONE, figure, make_folds, make_leakage, make_network, make_report

AXE = (REPOSITORY / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
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
    "sureness": ("sureness",),
    "scope": ("scope",),
    "groups": ("subgroups",),
}
NOT_IN_SECTION = {  # figures of a class are in two sections
    "kinds": {"auc", "average_precision"},
    "curves": {"sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value", "f1"},
}


class Sections(HTMLParser):
    """The text of each <section>, by the id of its heading, with single spaces."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.open.append(str(dict(attrs)["aria-labelledby"]))
        elif self.open and tag not in ("strong", "code", "a"):
            self.parts.setdefault(self.open[-1], []).append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.parts.setdefault(self.open[-1] if self.open else "opening", []).append(data)

    def __getitem__(self, name: str) -> str:
        return re.sub(r"\s+", " ", "".join(self.parts[name]))


def render(report: dict[str, Any], into: Path, name: str = "report.html") -> Sections:
    write_report_pages(template_environment(page="report.html"), report, into)
    return Sections((into / name).read_text(encoding="utf-8"))


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


def figures_in(tree: Any, name: str = "") -> Iterator[tuple[str, dict[str, float | None]]]:
    """Every {"value", "low", "high"} beneath, with the name it has."""
    if isinstance(tree, dict):
        if set(tree) == {"value", "low", "high"}:
            yield name, tree
        else:
            for key, branch in tree.items():
                yield from figures_in(branch, key)
    elif isinstance(tree, list):
        for branch in tree:
            yield from figures_in(branch, name)


def test_the_reports_of_these_tests_have_the_shape_that_the_site_publishes() -> None:
    schema = json.loads((REPOSITORY / "builder" / "report.schema.json").read_text(encoding="utf-8"))
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
    for lesion_class, row in zip(CLASSES, report["networks"]["cnn"]["confusion"], strict=True):
        start = f"{lesion_class.code} {lesion_class.name} "
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


def without_leakage_measured(report: dict[str, Any]) -> None:
    report["leakage"] = None


def with_leakage_that_may_be_chance(report: dict[str, Any]) -> None:
    report["leakage"] = make_leakage()
    report["leakage"]["added"]["accuracy"] = figure(0.01, 0.02)


def no_better_than_the_floor(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["test"]["accuracy"] = figure(0.63)


def confirmed_by_biopsy(report: dict[str, Any]) -> None:
    sex = report["networks"]["cnn"]["subgroups"]["attributes"][0]
    sex.update(attribute="dx_type", title="How the diagnosis was confirmed")
    sex["groups"][0]["name"] = "histo"


def naming_no_melanoma(report: dict[str, Any]) -> None:
    network = report["networks"]["cnn"]
    for row in network["confusion"]:
        row[5] += row[4]
        row[4] = 0
    network["test"]["melanoma_sensitivity"] = {"value": 0.0, "low": 0.0, "high": 0.07}
    network["by_class"]["mel"].update(sensitivity=figure(0.0), positive_predictive_value=dict(NONE), f1=dict(NONE))


def not_measured(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(NONE) for name in figures}


def without_a_dermatofibroma(report: dict[str, Any]) -> None:
    network = report["networks"]["cnn"]
    network["confusion"][3] = [0] * 7
    network["roc"] = {**network["roc"], "df": None}
    network["test"]["classes_measured"] = 6
    network["by_class"]["df"] = {
        **not_measured(network["by_class"]["df"]), "photos": 0, "lesions": 0, "specificity": figure(0.9)
    }  # fmt: skip


def without_a_melanoma(report: dict[str, Any]) -> None:
    network = report["networks"]["cnn"]
    network["confusion"][4] = [0] * 7
    network["roc"] = {**network["roc"], "mel": None}
    network["by_class"]["mel"] = {**not_measured(network["by_class"]["mel"]), "photos": 0, "lesions": 0}
    for name in network["test"]:
        if name.startswith("melanoma"):
            network["test"][name] = dict(NONE)


def finding_every_melanoma(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["test"]["melanoma_sensitivity"] = {"value": 1.0, "low": 0.93, "high": 1.0}


def without_groups(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["subgroups"]["attributes"] = []


def with_small_groups_only(report: dict[str, Any]) -> None:
    for attribute in report["networks"]["cnn"]["subgroups"]["attributes"]:
        ear = copy.deepcopy(report["networks"]["cnn"]["subgroups"]["attributes"][1]["groups"][-1])
        attribute["groups"] = [ear]


def without_an_operating_point(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["malignant"]["operating_point"] = None


def without_malignant_test_photos(report: dict[str, Any]) -> None:
    malignant = report["networks"]["cnn"]["malignant"]
    for name, each in list(figures_in(malignant)):
        each.update(NONE)
        assert name
    malignant.update(photos=0, lesions=0, roc=None)


def without_scope(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["scope"] = None


def never_sure(report: dict[str, Any]) -> None:
    sureness = report["networks"]["cnn"]["sureness"]
    sureness["levels"] = sureness["levels"][-1:]
    sureness["answered"] = {"coverage": figure(0.0), "error": dict(NONE)}


def calibrated_worse(report: dict[str, Any]) -> None:
    report["networks"]["cnn"]["calibration"]["after"]["expected_calibration_error"] = figure(0.2)


def with_near_identical_photos(report: dict[str, Any]) -> None:
    report["data"]["near_identical"] = {"photos": 12, "groups": 5}


def with_a_test_part_of_its_own(report: dict[str, Any]) -> None:
    report["data"].update(test_source="isic2018", title="HAM10000, tested on the test set of ISIC 2018, Task 3")


def in_folds(report: dict[str, Any]) -> None:
    report["data"]["split_rule"] = "Fold 2 of 5 is the test, lesions dealt into folds class by class."


def with_melanoma_commonest(report: dict[str, Any]) -> None:
    report["data"]["parts"]["training"]["by_class"] = {**dict.fromkeys(CODES, 5), "mel": 50}


def with_many_files_left_out(report: dict[str, Any]) -> None:
    report["data"]["left_out"] = [{"file": f"{number:04}.jpg", "reason": "it is damaged"} for number in range(1234)]


def without_intervals(report: dict[str, Any]) -> None:
    for _, each in figures_in(report):
        each.update(low=None, high=None)


UNUSUAL: list[tuple[Callable[[dict[str, Any]], None], str, str, str]] = [  # what is unusual, section, said, not said
    (without_leakage_measured, "leakage", "was not measured in this build", "better than it is"),
    (with_leakage_that_may_be_chance, "leakage", "which may be chance", "better than it is"),
    (no_better_than_the_floor, "opening", "64 of 100 right, which is no worse", "71"),
    (confirmed_by_biopsy, "groups", "Most often right: biopsy (histopathology), 74 of 100", "histo,"),
    (naming_no_melanoma, "opening", "found none of the 50 photos of melanoma", "misses"),
    (naming_no_melanoma, "mistakes", "never answered melanoma,", "not measured"),
    (naming_no_melanoma, "kinds", "never named", "cannot"),
    (without_a_dermatofibroma, "kinds", "not measured", "never named"),
    (without_a_melanoma, "opening", "How many melanomas it misses was not measured", "of 10 melanomas"),
    (without_a_melanoma, "malignant", "How well melanoma is told from the rest was not measured", "it misses"),
    (
        finding_every_melanoma,
        "opening",
        "missed none of the 50 photos of melanoma in the test, which does not mean",
        "misses",
    ),
    (without_groups, "groups", "was not measured", "Most often right"),
    (with_small_groups_only, "groups", "No group is large enough", "Most often right"),
    (without_an_operating_point, "malignant", "could not be learned", "Suspicious"),
    (without_malignant_test_photos, "malignant", "was not measured", "without need"),
    (without_scope, "scope", "was not measured", "turns away"),
    (never_sure, "sureness", "says “not sure” to every photo", "if it always answered"),
    (calibrated_worse, "calibration", "the correction did not help", "cannot"),
    (with_near_identical_photos, "leakage", "without regard to likeness", "a lesion that another photo"),
    (with_near_identical_photos, "measured", "12 photos are near-identical to another, in 5 groups", "cannot"),
    (with_a_test_part_of_its_own, "card", "a source of its own", "It was not tested on photos from anywhere else"),
    (in_folds, "measured", "Fold 2 of 5 is the test", "60%"),
    (with_melanoma_commonest, "figures", "Floor: 100 %, always answering melanoma", "nevus"),
    (with_many_files_left_out, "measured", "0199.jpg: it is damaged and 1,034 more", "0200.jpg"),
    (without_intervals, "figures", "Right answers 71 %", "Between 6"),
]


@pytest.mark.parametrize(
    ("make_unusual", "section", "said", "not_said"), UNUSUAL, ids=[f"{case[0].__name__}-{case[1]}" for case in UNUSUAL]
)
def test_unusual_data_are_reported_as_they_are(
    make_unusual: Callable[[dict[str, Any]], None], section: str, said: str, not_said: str, tmp_path: Path
) -> None:
    report = copy.deepcopy(make_report())
    make_unusual(report)
    text = render(report, tmp_path)[section]
    assert said in text
    assert not_said not in text


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report page with all it can hold, and its stylesheets."""
    folder = tmp_path_factory.mktemp("report")
    shutil.copytree(TEMPLATES / "css", folder / "css")
    whole = {**make_report(), "leakage": make_leakage(), "folds": make_folds()}
    write_report_pages(template_environment(page="report.html"), whole, folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280])
def test_the_page_has_no_accessibility_violations(browser: Browser, folder: Path, scheme: Any, width_px: int) -> None:
    page = browser.new_page(viewport={"width": width_px, "height": 844}, color_scheme=scheme)
    page.goto((folder / "report.html").as_uri())
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    page.close()
    assert [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]] == []


def test_the_page_never_scrolls_sideways_but_its_tables_may(browser: Browser, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto((folder / "report.html").as_uri())
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    outside = page.eval_on_selector_all(
        "table", "all => all.filter((one) => !one.closest('.table-place[tabindex=\"0\"][aria-label]')).length"
    )
    assert outside == 0, "every table can be reached and scrolled with the keyboard"
    page.close()


def test_every_drawing_has_a_name_or_is_beside_its_words(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "report.html").as_uri())
    nameless = page.eval_on_selector_all(
        "main svg",
        "all => all.filter((one) => one.ariaHidden !== 'true' && !(one.role === 'img' && one.ariaLabel)).length",
    )
    assert nameless == 0
    names = page.eval_on_selector_all("main svg[role=img]", "all => all.map((one) => one.ariaLabel)")
    assert len(names) == len(set(names)) >= 20, "no two drawings have the same name"
    letters_px = page.eval_on_selector_all(
        "svg text", "all => Math.min(...all.map((one) => one.getBoundingClientRect().height))"
    )
    assert letters_px >= 12
    page.close()
