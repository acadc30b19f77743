"""The figures: equal to scikit-learn's, with intervals over lesions, and honest about what is not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from builder.classes import CODES
from builder.config.config import Config
from builder.config.read import read_config
from builder.evaluate.bootstrap import LesionBootstrap, interval
from builder.evaluate.calibration import bin_of, undo_temperature
from builder.evaluate.predictions import Predictions
from builder.evaluate.ranking import average_precision, roc_auc, sensitivity_at_specificity, specificity_at_sensitivity
from builder.evaluate.stage import limits_of, measure
from builder.evaluate.subgroups import age_band
from tests.conftest import REPOSITORY

CONFIG = read_config(REPOSITORY / "config.toml", settings=["evaluation.resamples=200"])
MEL, NV = CODES.index("mel"), CODES.index("nv")
CALIBRATION: dict[str, Any] = {
    "temperature": 1.5,
    "operating_point": {"threshold": 0.25, "aimed_sensitivity": 0.95, "validation": {}},
    "sureness": [
        {"level": "sure", "from": 0.8, "aimed_right": 0.9, "validation": {"photos": 100, "right": 0.97}},
        {"level": "not-sure", "from": 0.0, "aimed_right": None, "validation": {"photos": 50, "right": 0.5}},
    ],
}


def answers(photos: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that are right more often than not, labels, and lesions of two photos each."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.choice(7, size=photos // 2, p=[0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1]), 2)
    scores = random.normal(size=(photos, 7)) + 2 * np.eye(7)[labels]
    probabilities = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities, labels, np.repeat([f"lesion {n}" for n in range(photos // 2)], 2)


def measured_of(
    probabilities: np.ndarray,
    labels: np.ndarray,
    lesions: np.ndarray,
    config: Config = CONFIG,
    details: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    return measure(Predictions(probabilities, labels), lesions, details or {}, NV, CALIBRATION, config.evaluation)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return measured_of(*answers())


def test_headline_figures_equal_scikit_learns(measured: dict[str, Any]) -> None:
    probabilities, labels, _ = answers()
    given, scores = probabilities.argmax(axis=1), probabilities.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    expected = {
        "accuracy": metrics.accuracy_score(labels, given),
        "floor_accuracy": (labels == NV).mean(),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, given),
        "macro_auc": metrics.roc_auc_score(labels, scores, multi_class="ovr", average="macro"),
        "macro_average_precision": metrics.average_precision_score(np.eye(7)[labels], scores, average="macro"),
        "top_2_accuracy": metrics.top_k_accuracy_score(labels, scores, k=2),
        "top_3_accuracy": metrics.top_k_accuracy_score(labels, scores, k=3),
        "melanoma_sensitivity": metrics.recall_score(labels, given, labels=[MEL], average=None)[0],
        "melanoma_auc": metrics.roc_auc_score(labels == MEL, scores[:, MEL]),
    }
    for name, value in expected.items():
        assert measured["test"][name]["value"] == pytest.approx(value, abs=1e-6), name
    assert measured["confusion"] == metrics.confusion_matrix(labels, given, labels=range(7)).tolist()


def test_the_figures_of_a_class_equal_scikit_learns(measured: dict[str, Any]) -> None:
    probabilities, labels, _ = answers()
    given = probabilities.argmax(axis=1)
    precisions, recalls, f1s, _ = metrics.precision_recall_fscore_support(labels, given)
    for index, code in enumerate(CODES):
        figures = measured["by_class"][code]
        is_it = labels == index
        expected = {
            "sensitivity": recalls[index],
            "positive_predictive_value": precisions[index],
            "f1": f1s[index],
            "specificity": metrics.recall_score(~is_it, given != index),
            "negative_predictive_value": metrics.precision_score(~is_it, given != index),
            "auc": metrics.roc_auc_score(is_it, probabilities[:, index]),
            "average_precision": metrics.average_precision_score(is_it, probabilities[:, index]),
        }
        for name, value in expected.items():
            assert figures[name]["value"] == pytest.approx(value), f"{code} {name}"


def test_calibration_equals_scikit_learns_and_the_temperature_is_undone(measured: dict[str, Any]) -> None:
    probabilities, labels, _ = answers()
    after = probabilities.astype(np.float64) / probabilities.astype(np.float64).sum(axis=1, keepdims=True)
    logits = np.log(after) * 1.5
    before = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert undo_temperature(after, 1.5) == pytest.approx(before)
    for name, expected in (("before", before), ("after", after)):
        found = measured["calibration"][name]
        assert found["log_loss"]["value"] == pytest.approx(metrics.log_loss(labels, expected))
        assert found["brier_score"]["value"] == pytest.approx(((expected - np.eye(7)[labels]) ** 2).sum(1).mean())
        assert sum(each["photos"] for each in found["reliability"]) == len(labels)


def test_a_probability_on_an_edge_belongs_to_the_lower_bin() -> None:
    assert bin_of(np.array([1 / 7, 3 / 15, 3 / 15 + 1e-9, 1.0])).tolist() == [2, 2, 3, 14]


def all_figures(tree: Any) -> list[dict[str, Any]]:
    if isinstance(tree, dict) and set(tree) == {"value", "low", "high"}:
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [figure for part in parts for figure in all_figures(part)]


def test_every_interval_holds_its_value(measured: dict[str, Any]) -> None:
    figures = all_figures(measured)
    assert len(figures) > 120
    for figure in figures:
        if figure["low"] is not None:
            assert figure["low"] <= figure["value"] <= figure["high"]
            assert figure["low"] < figure["high"]


def test_the_interval_is_that_of_lesions_not_of_photos() -> None:
    # The same answer twice for every lesion: as many facts as lesions, so the interval must not shrink.
    probabilities, labels, _ = answers(200)
    once = measured_of(probabilities, labels, np.array([f"lesion {n:03}" for n in range(200)]))
    doubled = np.repeat([f"lesion {n:03}" for n in range(200)], 2)
    twice = measured_of(np.repeat(probabilities, 2, axis=0), np.repeat(labels, 2), doubled)
    for name in ("accuracy", "macro_auc", "balanced_accuracy"):
        assert once["test"][name] == pytest.approx(twice["test"][name])


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    covered = []
    for _ in range(300):
        right_of_lesion = random.random(120) < random.choice([0.95, 0.55], 120)  # a true share of 0.75
        photos = np.repeat(np.arange(120), 1 + np.arange(120) % 3)
        bootstrap = LesionBootstrap(photos.astype(str), 200, int(random.integers(1 << 30)))
        everyone = np.ones(len(photos), bool)
        share = bootstrap.share(right_of_lesion[photos], everyone)
        covered.append((share["low"] or 0) <= 0.75 <= (share["high"] or 0))
    assert 0.9 <= np.mean(covered) <= 0.98


def test_a_class_that_was_always_found_still_has_an_interval() -> None:
    probabilities, labels, lesions = answers()
    probabilities[labels == MEL] = np.eye(7, dtype=np.float32)[MEL]
    found = measured_of(probabilities, labels, lesions)["test"]["melanoma_sensitivity"]
    melanomas = len(set(lesions[labels == MEL]))
    assert (found["value"], found["high"]) == (1, 1)
    assert found["low"] == pytest.approx(0.025 ** (1 / melanomas))  # all found: the exact bound in closed form


def test_an_area_that_no_resample_changes_has_no_interval() -> None:
    assert interval(np.ones(100)) == {"value": 1.0, "low": None, "high": None}


def test_a_class_without_test_photos_is_not_measured_and_no_zero() -> None:
    probabilities, labels, lesions = answers()
    without = labels != CODES.index("df")
    measured = measured_of(probabilities[without], labels[without], lesions[without])
    assert measured["by_class"]["df"]["photos"] == 0
    for name in ("auc", "sensitivity", "average_precision", "f1"):
        assert measured["by_class"]["df"][name] == {"value": None, "low": None, "high": None}, name
    assert measured["roc"]["df"] is None
    assert measured["test"]["classes_measured"] == 6
    kept = [index for index in range(7) if index != CODES.index("df")]
    aucs = [metrics.roc_auc_score(labels[without] == index, probabilities[without][:, index]) for index in kept]
    assert measured["test"]["macro_auc"]["value"] == pytest.approx(np.mean(aucs))


def test_a_test_part_of_one_class_has_no_area_under_roc() -> None:
    probabilities, _, lesions = answers(20)
    measured = measured_of(probabilities, np.full(20, NV), lesions)
    assert measured["test"]["macro_auc"]["value"] is None
    assert measured["test"]["floor_accuracy"]["value"] == 1.0
    assert measured["malignant"]["auc"]["value"] is None and measured["malignant"]["roc"] is None


@pytest.mark.parametrize(
    ("own", "theirs"),
    [(roc_auc, metrics.roc_auc_score), (average_precision, metrics.average_precision_score)],
    ids=["ROC", "precision-recall"],
)
def test_areas_equal_scikit_learns_with_ties_and_weights(own: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 12, 300) / 12, random.random(300) < 0.3
    weights = random.integers(0, 4, (5, 300)).astype(float)
    expected = [theirs(positive, scores, sample_weight=row) for row in weights]
    assert own(scores, positive)(weights) == pytest.approx(expected, abs=1e-12)


def test_the_other_side_at_95_percent_is_the_best_of_all_thresholds() -> None:
    random = np.random.default_rng(2)
    scores, positive = random.integers(0, 40, 300) / 40, random.random(300) < 0.3
    best = {"sensitivity": 0.0, "specificity": 0.0}
    for threshold in [*np.unique(scores), 2.0]:
        called = scores >= threshold
        found, spared = called[positive].mean(), (~called[~positive]).mean()
        if spared >= 0.95:
            best["sensitivity"] = max(best["sensitivity"], found)
        if found >= 0.95:
            best["specificity"] = max(best["specificity"], spared)
    everyone = np.ones((1, 300))
    assert sensitivity_at_specificity(scores, positive, 0.95)(everyone) == pytest.approx([best["sensitivity"]])
    assert specificity_at_sensitivity(scores, positive, 0.95)(everyone) == pytest.approx([best["specificity"]])


def test_levels_of_sureness_part_the_photos(measured: dict[str, Any]) -> None:
    levels = measured["sureness"]["levels"]
    assert sum(level["photos"] for level in levels) == 400
    assert sum(level["coverage"]["value"] for level in levels) == pytest.approx(1)
    right = sum(level["photos"] * level["accuracy"]["value"] for level in levels) / 400
    assert right == pytest.approx(measured["test"]["accuracy"]["value"])
    curve = measured["sureness"]["risk_coverage"]
    assert curve[-1]["coverage"] == 1
    assert curve[-1]["error"]["value"] == pytest.approx(1 - measured["test"]["accuracy"]["value"])


def test_the_card_says_what_thresholds_do_on_the_test_part(measured: dict[str, Any]) -> None:
    limits = limits_of(measured)
    point = measured["malignant"]["operating_point"]
    assert limits["operating_point"] == {
        "threshold": 0.25,
        "sensitivity": point["sensitivity"]["value"],
        "specificity": point["specificity"]["value"],
    }
    assert [level["from"] for level in limits["sureness"]] == [0.8, 0.0]
    accuracy = measured["sureness"]["levels"][0]["accuracy"]["value"]
    assert limits["sureness"][0]["right_of_100"] == round(100 * accuracy)


def test_a_subgroup_has_the_figures_of_its_photos_alone() -> None:
    probabilities, labels, lesions = answers()
    sex = np.repeat(np.array(["female", "male", "unknown", "male"]), 100)
    sex[:4] = "intersex"
    groups = measured_of(probabilities, labels, lesions, details={"sex": sex, "size": sex})["subgroups"]
    assert [attribute["attribute"] for attribute in groups["attributes"]] == ["sex"]
    assert groups["attributes"][0]["unknown_photos"] == 100
    male, female, few = groups["attributes"][0]["groups"]
    assert (male["name"], male["photos"], male["lesions"], male["too_few"]) == ("male", 200, 100, False)
    assert few["too_few"] and "accuracy" not in few
    alone = measured_of(probabilities[sex == "male"], labels[sex == "male"], lesions[sex == "male"])
    assert male["accuracy"]["value"] == alone["test"]["accuracy"]["value"]
    assert male["balanced_accuracy"]["value"] == pytest.approx(alone["test"]["balanced_accuracy"]["value"])
    assert male["malignant_auc"]["value"] == pytest.approx(alone["malignant"]["auc"]["value"])
    assert male["melanoma_sensitivity"]["value"] == alone["test"]["melanoma_sensitivity"]["value"]
    assert female["melanoma_photos"] == 14 and female["melanoma_sensitivity"]["value"] is None  # seven lesions


def test_ages_fall_into_bands() -> None:
    assert [age_band(age) for age in ("0.0", "29", "30.0", "74.9", "75", "", "old")] == [
        "under 30", "under 30", "30 to 44", "60 to 74", "75 and over", "", "",
    ]  # fmt: skip


def test_the_seed_decides_the_intervals() -> None:
    again = measured_of(*answers(60))
    assert again == measured_of(*answers(60))
    other = replace(CONFIG, evaluation=replace(CONFIG.evaluation, seed=7))
    assert again["test"]["accuracy"] != measured_of(*answers(60), other)["test"]["accuracy"]
