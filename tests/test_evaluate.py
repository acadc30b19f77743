"""The figures: equal to scikit-learn's, with intervals over lesions, and honest about what is not measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from builder.classes import CODES
from builder.config import read_config
from builder.evaluate import area_under_roc, measure, sensitivity_at_specificity

CONFIG = read_config(Path(__file__).parent.parent / "config.toml", settings=["evaluation.resamples=200"])
NV = CODES.index("nv")


def answers(photos: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that are right more often than not, labels, and lesions of two photos each."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.choice(7, size=photos // 2, p=[0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1]), 2)
    scores = random.normal(size=(photos, 7)) + 2 * np.eye(7)[labels]
    probabilities = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities, labels, np.repeat([f"lesion {n}" for n in range(photos // 2)], 2)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return measure(*answers(), NV, CONFIG)


def test_figures_equal_scikit_learns(measured: dict[str, Any]) -> None:
    probabilities, labels, _ = answers()
    given = probabilities.argmax(axis=1)
    normalised = probabilities.astype(np.float64) / probabilities.astype(np.float64).sum(axis=1, keepdims=True)
    expected = {
        "accuracy": metrics.accuracy_score(labels, given),
        "floor_accuracy": (labels == NV).mean(),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, given),
        "macro_auc": metrics.roc_auc_score(labels, normalised, multi_class="ovr", average="macro"),
        "melanoma_sensitivity": metrics.recall_score(labels, given, labels=[4], average=None)[0],
    }
    for name, value in expected.items():
        assert measured["test"][name]["value"] == pytest.approx(value, abs=1e-6), name
    assert measured["confusion"] == metrics.confusion_matrix(labels, given, labels=range(7)).tolist()
    recalls = metrics.recall_score(labels, given, average=None)
    precisions = metrics.precision_score(labels, given, average=None)
    for index, code in enumerate(CODES):
        figures = measured["by_class"][code]
        assert figures["sensitivity"]["value"] == pytest.approx(recalls[index])
        assert figures["precision"]["value"] == pytest.approx(precisions[index])
        negatives = labels != index
        assert figures["specificity"]["value"] == pytest.approx((given[negatives] != index).mean())


def test_every_interval_holds_its_value(measured: dict[str, Any]) -> None:
    figures = [figure for figure in measured["test"].values() if isinstance(figure, dict)]
    assert len(figures) == 6
    for figure in figures:
        assert figure["low"] < figure["value"] < figure["high"]


def test_the_interval_is_that_of_lesions_not_of_photos(measured: dict[str, Any]) -> None:
    # The same answer twice for every lesion: as many facts as lesions, so the interval must not shrink.
    probabilities, labels, _ = answers(200)
    once = measure(probabilities, labels, np.array([f"lesion {n}" for n in range(200)]), NV, CONFIG)
    doubled = np.repeat([f"lesion {n}" for n in range(200)], 2)
    twice = measure(np.repeat(probabilities, 2, axis=0), np.repeat(labels, 2), doubled, NV, CONFIG)
    assert once["test"]["accuracy"] == pytest.approx(twice["test"]["accuracy"])


def test_a_class_that_was_always_found_still_has_an_interval() -> None:
    probabilities, labels, lesions = answers()
    probabilities[labels == CODES.index("mel")] = np.eye(7, dtype=np.float32)[CODES.index("mel")]
    found = measure(probabilities, labels, lesions, NV, CONFIG)["test"]["melanoma_sensitivity"]
    melanomas = len(set(lesions[labels == CODES.index("mel")]))
    assert (found["value"], found["high"]) == (1, 1)
    assert found["low"] == pytest.approx(0.025 ** (1 / melanomas))  # all found: the exact bound in closed form


def test_a_class_without_test_photos_is_not_measured_and_no_zero() -> None:
    probabilities, labels, lesions = answers()
    without = labels != CODES.index("df")
    measured = measure(probabilities[without], labels[without], lesions[without], NV, CONFIG)
    assert measured["by_class"]["df"]["photos"] == 0
    for name in ("auc", "sensitivity"):
        assert measured["by_class"]["df"][name] == {"value": None, "low": None, "high": None}
    assert measured["roc"]["df"] is None
    assert measured["test"]["classes_measured"] == 6
    kept = [index for index in range(7) if index != CODES.index("df")]
    aucs = [metrics.roc_auc_score(labels[without] == index, probabilities[without][:, index]) for index in kept]
    assert measured["test"]["macro_auc"]["value"] == pytest.approx(np.mean(aucs))


def test_a_test_part_of_one_class_has_no_area_under_roc() -> None:
    probabilities, _, lesions = answers(20)
    measured = measure(probabilities, np.full(20, NV), lesions, NV, CONFIG)
    assert measured["test"]["macro_auc"]["value"] is None
    assert measured["test"]["floor_accuracy"]["value"] == 1.0


def test_area_under_roc_equals_scikit_learns_with_ties_and_weights() -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 12, 300) / 12, random.random(300) < 0.3
    weights = random.integers(0, 4, 300).astype(float)
    expected = metrics.roc_auc_score(positive, scores, sample_weight=weights)
    assert area_under_roc(scores, positive, weights) == pytest.approx(expected, abs=1e-12)


def test_sensitivity_at_specificity_is_the_best_of_all_thresholds() -> None:
    random = np.random.default_rng(2)
    scores, positive = random.integers(0, 40, 300) / 40, random.random(300) < 0.3
    best = 0.0
    for threshold in [*np.unique(scores), 2.0]:
        called = scores >= threshold
        if (~called[~positive]).mean() >= 0.95:
            best = max(best, called[positive].mean())
    assert sensitivity_at_specificity(scores, positive, np.ones(300), 0.95) == pytest.approx(best)


def test_the_seed_decides_the_intervals() -> None:
    again = measure(*answers(60), NV, CONFIG)
    assert again == measure(*answers(60), NV, CONFIG)
    other = replace(CONFIG, evaluation=replace(CONFIG.evaluation, seed=7))
    assert again["test"]["accuracy"]["low"] != measure(*answers(60), NV, other)["test"]["macro_auc"]["low"]
