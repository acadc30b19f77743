"""Fifth stage: how well the network does on the test part, which nothing before has looked at."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics

from builder.classes import CLASSES, CODES, INDEX_OF
from builder.config import Config
from builder.data import Photos, count_by_class, load_photos, stored_pixels
from builder.progress import steps
from builder.split import PARTS, load_parts, load_split
from builder.train import kept_epoch, load_network, predict

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float32]
Weights = NDArray[np.float64]
Figures = dict[str, float]

MELANOMA = INDEX_OF["mel"]
SPECIFICITY_AIM = 0.95
INTERVAL_PERCENTILES = (2.5, 97.5)
NOT_MEASURED = {"value": None, "low": None, "high": None}


def evaluate_network(photos: Path, split: Path, trained: Path, config: Config, into: Path) -> None:
    """Stage entry: save `figures.json` (what the report shows of data and network) and `predictions.csv`."""
    table, parts = load_photos(photos), load_parts(split)
    test = parts["test"]
    network = load_network(trained)
    with steps("evaluating", len(test)) as advance:
        probabilities = predict(network, stored_pixels(photos, test), advance)
    history = json.loads((trained / "history.json").read_text(encoding="utf-8"))
    majority = int(np.bincount(table.labels[parts["training"]], minlength=len(CLASSES)).argmax())
    figures = {
        "data": describe_data(table, parts, load_split(split)),
        "network": {
            "title": "the origin network",
            "layers": len(network.layers) + 1,  # Keras does not count the input as a layer
            "parameters": network.count_params(),
            "epochs": len(history),
            "kept_epoch": kept_epoch(history, config.training.keep),
            "history": history,
            **measure(probabilities, table.labels[test], table.lesion_ids[test], majority, config),
        },
    }
    (into / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    _save_predictions(table, test, probabilities, into / "predictions.csv")


def describe_data(table: Photos, parts: dict[str, NDArray[np.int64]], split: dict[str, Any]) -> dict[str, Any]:
    """What the network was built from: counts, parts, and the rule that made the parts."""
    return {
        **table.about,
        "photos": len(table.labels),
        "lesions": len(set(table.lesion_ids)),
        "split_rule": split["rule"],
        "unused": split["unused"],
        "careless_split": split["careless"],
        "parts": {
            part: {
                "photos": len(parts[part]),
                "lesions": len(set(table.lesion_ids[parts[part]])),
                "by_class": count_by_class(table.labels[parts[part]]),
            }
            for part in PARTS
        },
    }


def measure(
    probabilities: Probabilities, labels: Labels, lesion_ids: NDArray[np.str_], majority: int, config: Config
) -> dict[str, Any]:
    """Every figure of the test part, with its interval.

    probabilities: (photos, 7). labels, lesion_ids: (photos,). majority: the class most frequent in training.
    Returns `test`, `by_class`, `confusion` (7 x 7 counts, rows truth) and `roc`; a figure that cannot be
    measured, such as those of a class without test photos, has the value None.
    """
    everyone = np.ones(len(labels))
    value = _figures(probabilities, labels, everyone, majority)
    resampled: dict[str, list[float]] = {name: [] for name in value}
    rounds = config.evaluation.resamples
    with steps("resampling lesions", rounds) as advance:
        for weights in _resample_lesions(lesion_ids, rounds, config.evaluation.seed):
            for name, figure in _figures(probabilities, labels, weights, majority).items():
                resampled[name].append(figure)
            advance()
    behind = _lesions_behind(probabilities.argmax(axis=1), labels, lesion_ids)
    figures = {name: _with_interval(value[name], resampled[name], behind.get(name)) for name in value}
    counts = count_by_class(labels)
    return {
        "test": {
            "photos": len(labels),
            "lesions": len(set(lesion_ids)),
            "classes_measured": sum(count > 0 for count in counts.values()),
            **{name: figure for name, figure in figures.items() if "/" not in name},
        },
        "by_class": {
            code: {
                "photos": counts[code],
                **{name.partition("/")[2]: figure for name, figure in figures.items() if name.startswith(f"{code}/")},
            }
            for code in CODES
        },
        "confusion": metrics.confusion_matrix(
            labels, probabilities.argmax(axis=1), labels=range(len(CLASSES))
        ).tolist(),
        "roc": {code: _roc(probabilities[:, index], labels == index) for index, code in enumerate(CODES)},
    }


def area_under_roc(scores: NDArray[np.floating[Any]], is_positive: NDArray[np.bool_], weights: Weights) -> float:
    """Area under the ROC curve with photo weights; nan where one side is empty. All of shape (photos,).

    The share of (positive, negative) pairs ranked rightly, ties counting half (Mann and Whitney, 1947):
    scikit-learn's figure to rounding, 20 times faster, which a thousand resamples need.
    """
    _, level = np.unique(scores, return_inverse=True)
    positive = np.bincount(level, weights * is_positive)
    negative = np.bincount(level, weights * ~is_positive)
    pairs = positive.sum() * negative.sum()
    if pairs == 0:
        return float("nan")
    return float((positive * (np.cumsum(negative) - negative / 2)).sum() / pairs)


def sensitivity_at_specificity(
    scores: NDArray[np.floating[Any]], is_positive: NDArray[np.bool_], weights: Weights, specificity: float
) -> float:
    """The best sensitivity of any threshold with at least that specificity; nan if one side is empty."""
    levels, level = np.unique(scores, return_inverse=True)
    positive = np.bincount(level, weights * is_positive, len(levels))
    negative = np.bincount(level, weights * ~is_positive, len(levels))
    if positive.sum() == 0 or negative.sum() == 0:
        return float("nan")
    # At threshold k, levels k and above are called positive; one past the last calls nothing positive.
    true_negative_share = np.concatenate([[0], np.cumsum(negative)]) / negative.sum()
    found_share = 1 - np.concatenate([[0], np.cumsum(positive)]) / positive.sum()
    return float(found_share[true_negative_share >= specificity - 1e-12].max())


def _figures(probabilities: Probabilities, labels: Labels, weights: Weights, majority: int) -> Figures:
    """The figures for photos counted `weights` times; those of a class are named `code/figure`."""
    answers = probabilities.argmax(axis=1)
    table = np.bincount(labels * len(CLASSES) + answers, weights, len(CLASSES) ** 2).reshape(len(CLASSES), -1)
    truth, answered, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    by_class: Figures = {}
    aucs, sensitivities = [], []
    for index, code in enumerate(CODES):
        auc = area_under_roc(probabilities[:, index], labels == index, weights)
        sensitivity = _share(table[index, index], truth[index])
        missed_or_other = total - truth[index]
        by_class |= {
            f"{code}/auc": auc,
            f"{code}/sensitivity": sensitivity,
            f"{code}/specificity": _share(missed_or_other - answered[index] + table[index, index], missed_or_other),
            f"{code}/precision": _share(table[index, index], answered[index]),
        }
        aucs.append(auc)
        sensitivities.append(sensitivity)
    return {
        "accuracy": _share(np.trace(table), total),
        "floor_accuracy": _share(truth[majority], total),
        "balanced_accuracy": _mean_of_measured(sensitivities),
        "macro_auc": _mean_of_measured(aucs),
        "melanoma_sensitivity": sensitivities[MELANOMA],
        "melanoma_sensitivity_at_95_specificity": sensitivity_at_specificity(
            probabilities[:, MELANOMA], labels == MELANOMA, weights, SPECIFICITY_AIM
        ),
        **by_class,
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _mean_of_measured(values: list[float]) -> float:
    measured = [value for value in values if not np.isnan(value)]
    return float(np.mean(measured)) if measured else float("nan")


def _resample_lesions(lesion_ids: NDArray[np.str_], rounds: int, seed: int) -> Iterator[Weights]:
    """How often each photo counts in each bootstrap resample: lesions are drawn, not photos (cluster bootstrap)."""
    lesions, lesion_of_photo = np.unique(lesion_ids, return_inverse=True)
    random = np.random.default_rng(seed)
    for _ in range(rounds):
        drawn = random.integers(0, len(lesions), len(lesions))
        yield np.bincount(drawn, minlength=len(lesions)).astype(np.float64)[lesion_of_photo]


def _lesions_behind(answers: Labels, labels: Labels, lesion_ids: NDArray[np.str_]) -> dict[str, int]:
    """How many lesions each share is a share of."""
    photos = {
        "accuracy": np.ones(len(labels), dtype=bool),
        "melanoma_sensitivity": labels == MELANOMA,
        "melanoma_sensitivity_at_95_specificity": labels == MELANOMA,
    }
    for index, code in enumerate(CODES):
        photos[f"{code}/sensitivity"] = labels == index
        photos[f"{code}/specificity"] = labels != index
        photos[f"{code}/precision"] = answers == index
    return {name: len(set(lesion_ids[counted])) for name, counted in photos.items()}


def _with_interval(value: float, resampled: list[float], lesions: int | None) -> dict[str, float | None]:
    """The figure with its bootstrap interval, or, for a share of 0 or 1, the exact one (Clopper and Pearson, 1934).

    A bootstrap of six lesions that were all found says "between 100 and 100 %": there is nothing else to draw.
    """
    if np.isnan(value):
        return dict(NOT_MEASURED)
    if lesions and value in (0, 1):
        exact = binomtest(int(value) * lesions, lesions).proportion_ci()
        return {"value": value, "low": float(exact.low), "high": float(exact.high)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        low, high = np.nanpercentile(resampled, INTERVAL_PERCENTILES)
    return {"value": value, "low": _or_none(low), "high": _or_none(high)}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _roc(scores: NDArray[np.float32], is_positive: NDArray[np.bool_]) -> dict[str, list[float]] | None:
    if is_positive.all() or not is_positive.any():
        return None
    false_positive_share, true_positive_share, _ = metrics.roc_curve(is_positive, scores)
    return {"fpr": false_positive_share.tolist(), "tpr": true_positive_share.tolist()}


def _save_predictions(table: Photos, test: NDArray[np.int64], probabilities: Probabilities, file: Path) -> None:
    with open(file, "w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["network", "image_id", "lesion_id", "truth", *CODES])
        for photo, row in zip(test, probabilities, strict=True):
            values = [f"{value:.9g}" for value in row]  # nine digits give back the same float32
            writer.writerow(
                ["cnn", table.image_ids[photo], table.lesion_ids[photo], CODES[table.labels[photo]], *values]
            )
