"""The report page says nothing that is false of unusual data."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.classes import CODES
from tests.report_figures import NONE, figure, figures_in, make_leakage, make_report
from tests.report_words import render


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


def without_ood(report: dict[str, Any]) -> None:
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
    report["data"]["left_out"] = [{"reason": "it is damaged", "files": 1200}, {"reason": "too small", "files": 34}]


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
    (without_ood, "ood", "was not measured", "turns away"),
    (never_sure, "confidence", "says “not sure” to every photo", "if it always answered"),
    (calibrated_worse, "calibration", "the correction did not help", "cannot"),
    (with_near_identical_photos, "leakage", "without regard to likeness", "a lesion that another photo"),
    (with_near_identical_photos, "measured", "12 photos are near-identical to another, in 5 groups", "cannot"),
    (with_a_test_part_of_its_own, "card", "a source of its own", "It was not tested on photos from anywhere else"),
    (in_folds, "measured", "Fold 2 of 5 is the test", "60%"),
    (with_melanoma_commonest, "figures", "Floor: 100 %, always answering melanoma", "nevus"),
    (with_many_files_left_out, "measured", "1,234 files were left out 1,200: it is damaged 34: too small", ".jpg"),
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
