"""Every figure of report.json that comes from answers, computed again from predictions.csv by other code.

Nothing of the build is imported: what it says is read from the files that it publishes. Only what groups the photos
(skin tone and hair) is not published, and read from where the build keeps it.
"""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from tests.conftest import Build

CODES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
MALIGNANT = ["akiec", "bcc", "mel"]
NOT_FROM_ANSWERS = ("scope",)  # of photos that are no test photos


class Published:
    """What the site publishes of one network's answers, as plain lists: one row a photo."""

    def __init__(self, build: Build, network: str) -> None:
        self.report = build.report
        self.network: dict[str, Any] = self.report["networks"][network]
        with open(build.site / "predictions.csv", newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["network"] == network]
        assert list(rows[0]) == ["network", "image_id", "lesion_id", "truth", *CODES]
        self.image_ids = [row["image_id"] for row in rows]
        self.lesions = [row["lesion_id"] for row in rows]
        self.truth = [row["truth"] for row in rows]
        self.scores = [{code: float(row[code]) for code in CODES} for row in rows]
        self.given = [max(CODES, key=lambda code: (row[code], -CODES.index(code))) for row in self.scores]
        self.right = [truth == given for truth, given in zip(self.truth, self.given, strict=True)]
        self.malignant_score = [sum(row[code] for code in MALIGNANT) for row in self.scores]
        self.is_malignant = [truth in MALIGNANT for truth in self.truth]
        self.top = [max(row.values()) for row in self.scores]


@pytest.fixture(scope="module", params=["compact", "cnn"])
def published(request: pytest.FixtureRequest, demo_build: Build) -> Published:
    return Published(demo_build, request.param)


def share(of: list[bool]) -> float | None:
    return sum(of) / len(of) if of else None


def where(values: list[Any], keep: list[bool]) -> list[Any]:
    return [value for value, kept in zip(values, keep, strict=True) if kept]


def yes_or_no(called: list[bool], is_it: list[bool]) -> dict[str, float | None]:
    return {
        "sensitivity": share(where(called, is_it)),
        "specificity": share([not each for each in where(called, [not each for each in is_it])]),
        "positive_predictive_value": share(where(is_it, called)),
        "negative_predictive_value": share([not each for each in where(is_it, [not each for each in called])]),
    }


def at_95(scores: list[float], is_it: list[bool]) -> dict[str, float]:
    best = {"sensitivity_at_95_specificity": 0.0, "specificity_at_95_sensitivity": 0.0}
    for threshold in [*sorted(set(scores)), 2.0]:
        figures = yes_or_no([score >= threshold for score in scores], is_it)
        found, spared = figures["sensitivity"] or 0, figures["specificity"] or 0
        if spared >= 0.95:
            best["sensitivity_at_95_specificity"] = max(best["sensitivity_at_95_specificity"], found)
        if found >= 0.95:
            best["specificity_at_95_sensitivity"] = max(best["specificity_at_95_sensitivity"], spared)
    return best


def of_classes(answers: Published) -> dict[str, dict[str, float | None]]:
    classes = {}
    for code in CODES:
        is_it, called = [t == code for t in answers.truth], [g == code for g in answers.given]
        scores = [row[code] for row in answers.scores]
        classes[code] = {
            **yes_or_no(called, is_it),
            "auc": metrics.roc_auc_score(is_it, scores),
            "average_precision": metrics.average_precision_score(is_it, scores),
            "f1": metrics.f1_score(is_it, called),
        }
    return classes


def headline(answers: Published) -> dict[str, Any]:
    classes = of_classes(answers)
    counts = answers.report["data"]["parts"]["training"]["by_class"]
    commonest = max(CODES, key=lambda code: counts[code])
    ranks = [
        sum(score > row[truth] for score in row.values())
        for row, truth in zip(answers.scores, answers.truth, strict=True)
    ]
    melanoma = at_95([row["mel"] for row in answers.scores], [t == "mel" for t in answers.truth])
    return {
        "accuracy": metrics.accuracy_score(answers.truth, answers.given),
        "floor_accuracy": share([truth == commonest for truth in answers.truth]),
        "balanced_accuracy": metrics.balanced_accuracy_score(answers.truth, answers.given),
        "macro_auc": np.mean([figures["auc"] for figures in classes.values()]),
        "macro_average_precision": np.mean([figures["average_precision"] for figures in classes.values()]),
        "top_2_accuracy": share([rank < 2 for rank in ranks]),
        "top_3_accuracy": share([rank < 3 for rank in ranks]),
        "melanoma_sensitivity": classes["mel"]["sensitivity"],
        "melanoma_auc": classes["mel"]["auc"],
        **{f"melanoma_{name}": value for name, value in melanoma.items()},
    }


def malignant(answers: Published) -> dict[str, Any]:
    threshold = answers.network["malignant"]["operating_point"]["threshold"]
    called = [score >= threshold for score in answers.malignant_score]
    return {
        "auc": metrics.roc_auc_score(answers.is_malignant, answers.malignant_score),
        "average_precision": metrics.average_precision_score(answers.is_malignant, answers.malignant_score),
        **at_95(answers.malignant_score, answers.is_malignant),
        "operating_point": yes_or_no(called, answers.is_malignant),
    }


def calibration(answers: Published) -> dict[str, Any]:
    found = {}
    for name, power in (("before", answers.network["calibration"]["temperature"]), ("after", 1.0)):
        rows = [[row[code] ** power for code in CODES] for row in answers.scores]
        rows = [[value / math.fsum(row) for value in row] for row in rows]
        truth = [CODES.index(code) for code in answers.truth]
        bins = defaultdict(list)
        for row, right in zip(rows, answers.right, strict=True):
            bins[max(1, math.ceil(max(row) * 15))].append((max(row), right))
        found[name] = {
            "log_loss": metrics.log_loss(truth, rows, labels=range(7)),
            "brier_score": np.mean([
                sum((value - (code == label)) ** 2 for code, value in enumerate(row))
                for row, label in zip(rows, truth, strict=True)
            ]),
            "expected_calibration_error": sum(
                abs(sum(right for _, right in each) - sum(top for top, _ in each)) for each in bins.values()
            ) / len(rows),
            "reliability": {str(n): {"accuracy": share([right for _, right in bins[n + 1]])} for n in range(15)},
        }  # fmt: skip
    return found


def sureness(answers: Published) -> dict[str, Any]:
    wrong, count = [not right for right in answers.right], len(answers.right)
    starts = [level["from"] for level in answers.network["sureness"]["levels"]]
    own = {
        str(n): [start <= top < (starts[n - 1] if n else math.inf) for top in answers.top]
        for n, start in enumerate(starts)
    }
    answered = [top >= starts[-2] for top in answers.top]
    points = [point["threshold"] for point in answers.network["sureness"]["risk_coverage"]]
    errors_at_least_as_sure = [share(where(wrong, [other >= top for other in answers.top])) for top in answers.top]
    return {
        "levels": {
            n: {"coverage": sum(photos) / count, "accuracy": share(where(answers.right, photos))}
            for n, photos in own.items()
        },
        "answered": {"coverage": sum(answered) / count, "error": share(where(wrong, answered))},
        "risk_coverage": {
            str(n): {"error": share(where(wrong, [top >= threshold - 1e-9 for top in answers.top]))}
            for n, threshold in enumerate(points)
        },
        "area_under_risk_coverage": np.mean(errors_at_least_as_sure),  # type: ignore[arg-type]
    }


def subgroups(answers: Published, work: Path) -> dict[str, Any]:
    values_of = details_of_photos(work)
    found: dict[str, Any] = {}
    for number, attribute in enumerate(answers.network["subgroups"]["attributes"]):
        groups = found.setdefault("attributes", {}).setdefault(str(number), {}).setdefault("groups", {})
        for index, group in enumerate(attribute["groups"]):
            values = [values_of[image][attribute["attribute"]] for image in answers.image_ids]
            own = [(band_of(value) if attribute["attribute"] == "age" else value) == group["name"] for value in values]
            assert (group["photos"], group["lesions"]) == (sum(own), len(set(where(answers.lesions, own))))
            if not group["too_few"]:
                groups[str(index)] = of_group(answers, own)
    return found


def band_of(age: str) -> str:
    bands = {"under 30": range(30), "30 to 44": range(30, 45), "45 to 59": range(45, 60), "60 to 74": range(60, 75)}
    years = int(float(age)) if age else -1
    return next((name for name, band in bands.items() if years in band), "75 and over" if years >= 75 else "")


def of_group(answers: Published, own: list[bool]) -> dict[str, float | None]:
    truth, lesions = where(answers.truth, own), where(answers.lesions, own)
    of_side = [
        len(set(where(lesions, [(code in codes) == side for code in truth])))
        for codes, side in ((MALIGNANT, True), (MALIGNANT, False), (["mel"], True))
    ]
    is_melanoma = [code == "mel" for code in truth]
    named_melanoma = [given == "mel" for given in where(answers.given, own)]
    malignant_auc = metrics.roc_auc_score(where(answers.is_malignant, own), where(answers.malignant_score, own))
    return {
        "accuracy": share(where(answers.right, own)),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, [*where(answers.given, own)])
        if set(where(answers.given, own)) <= set(truth)
        else mean_sensitivity(answers, own),
        "malignant_auc": malignant_auc if min(of_side[:2]) >= 10 else None,
        "melanoma_sensitivity": share(where(named_melanoma, is_melanoma)) if of_side[2] >= 10 else None,
    }


def mean_sensitivity(answers: Published, own: list[bool]) -> float:
    truth, right = where(answers.truth, own), where(answers.right, own)
    return float(np.mean([share(where(right, [each == code for each in truth])) or 0.0 for code in set(truth)]))


def details_of_photos(work: Path) -> dict[str, dict[str, str]]:
    folder = max(work.glob("data/*/done.json"), key=lambda done: done.stat().st_mtime_ns).parent
    tables = []
    for name in ("photos.csv", "details.csv"):
        with open(folder / name, newline="", encoding="utf-8") as file:
            tables.append(list(csv.DictReader(file)))
    return {photo["image_id"]: details for photo, details in zip(*tables, strict=True)}


def figures_in(tree: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], dict[str, Any]]:
    """Every {"value", "low", "high"} in a report, by where it stands."""
    if isinstance(tree, dict) and set(tree) == {"value", "low", "high"}:
        return {path: tree}
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return {place: figure for name, part in parts for place, figure in figures_in(part, (*path, str(name))).items()}


def values_in(tree: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], float | None]:
    if not isinstance(tree, dict):
        return {path: tree}
    return {place: value for name, part in tree.items() for place, value in values_in(part, (*path, name)).items()}


def test_every_figure_is_what_other_code_computes(published: Published, demo_build: Build) -> None:
    recomputed = values_in({
        "test": headline(published),
        "by_class": of_classes(published),
        "malignant": malignant(published),
        "calibration": calibration(published),
        "sureness": sureness(published),
        "subgroups": subgroups(published, demo_build.work),
    })  # fmt: skip
    reported = {
        path: figure for path, figure in figures_in(published.network).items() if path[0] not in NOT_FROM_ANSWERS
    }
    assert len(reported) > 150 and set(reported) == set(recomputed)
    for path, figure in reported.items():
        expected = recomputed[path]
        if expected is None:
            assert figure["value"] is None, path
        else:
            assert figure["value"] == pytest.approx(expected, rel=1e-5, abs=1e-7), path


def test_counts_and_curves_are_what_other_code_computes(published: Published) -> None:
    network = published.network
    matrix = metrics.confusion_matrix(published.truth, published.given, labels=CODES)
    assert network["confusion"] == matrix.tolist()
    assert (network["test"]["photos"], network["test"]["lesions"]) == (
        len(published.truth), len(set(published.lesions)),
    )  # fmt: skip
    for code in CODES:
        is_it = [truth == code for truth in published.truth]
        assert network["by_class"][code]["photos"] == sum(is_it)
        assert network["by_class"][code]["lesions"] == len(set(where(published.lesions, is_it)))
        area = metrics.auc(network["roc"][code]["fpr"], network["roc"][code]["tpr"])
        assert area == pytest.approx(network["by_class"][code]["auc"]["value"])
    roc = network["malignant"]["roc"]
    assert metrics.auc(roc["fpr"], roc["tpr"]) == pytest.approx(network["malignant"]["auc"]["value"])
    levels, above = network["sureness"]["levels"], math.inf
    for level in levels:
        own = [level["from"] <= top < above for top in published.top]
        above = level["from"]
        missed = [
            mine and of and given not in MALIGNANT
            for mine, of, given in zip(own, published.is_malignant, published.given, strict=True)
        ]
        assert (level["photos"], level["malignant_called_benign"]) == (sum(own), sum(missed))


def test_intervals_are_those_of_a_bootstrap_of_other_code(published: Published) -> None:
    photos_of = defaultdict(list)
    for photo, lesion in enumerate(published.lesions):
        photos_of[lesion].append(photo)
    lesions, random = sorted(photos_of), np.random.default_rng(5)
    truth, given = np.array(published.truth), np.array(published.given)
    scores, is_malignant = np.array(published.malignant_score), np.array(published.is_malignant)
    classes = published.network["by_class"]
    some = next(code for code in reversed(CODES) if 0 < classes[code]["sensitivity"]["value"] < 1)  # else it is exact
    drawn_figures = defaultdict(list)
    for _ in range(1500):
        drawn = [photo for lesion in random.choice(lesions, len(lesions)) for photo in photos_of[lesion]]
        drawn_figures["accuracy"].append((truth[drawn] == given[drawn]).mean())
        drawn_figures["sensitivity"].append((given[drawn] == some)[truth[drawn] == some].mean())
        drawn_figures["auc"].append(metrics.roc_auc_score(is_malignant[drawn], scores[drawn]))
    reported = {
        "accuracy": published.network["test"]["accuracy"],
        "sensitivity": classes[some]["sensitivity"],
        "auc": published.network["malignant"]["auc"],
    }
    for name, figures in drawn_figures.items():
        if reported[name]["low"] is None:  # nothing varies
            assert min(figures) == pytest.approx(reported[name]["value"])
            continue
        low, high = np.percentile(figures, [2.5, 97.5])
        width = high - low
        assert reported[name]["low"] == pytest.approx(low, abs=0.2 * width), name
        assert reported[name]["high"] == pytest.approx(high, abs=0.2 * width), name


def test_a_share_of_none_or_all_has_the_exact_interval(published: Published) -> None:
    checked = 0
    for code in CODES:
        figure = published.network["by_class"][code]["sensitivity"]
        lesions = len(set(where(published.lesions, [truth == code for truth in published.truth])))
        if figure["value"] == 1:
            assert figure["low"] == pytest.approx(stats.beta.ppf(0.025, lesions, 1))
            checked += 1
    assert checked > 0


def test_the_report_is_of_the_shape_that_its_schema_says(demo_build: Build) -> None:
    schema = json.loads((demo_build.site / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = demo_build.report
    assert [error.message for error in validator.iter_errors(report)] == []
    assert report["$schema"] == "report.schema.json"
    report["networks"]["cnn"]["test"]["accuracy"]["value"] = "high"
    report["networks"]["cnn"]["by_class"]["mel"]["precision"] = {"value": 1, "low": 1, "high": 1}
    assert len(list(validator.iter_errors(report))) == 2
