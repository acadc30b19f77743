"""How well the network separates the classes: headline figures, each class, melanoma, malignant against benign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

from builder.classes import CLASSES, CODES, INDEX_OF, MALIGNANT
from builder.evaluate.bootstrap import Figure, Flags, Floats, LesionBootstrap, Rows, interval, mean_of_measured
from builder.evaluate.predictions import Predictions
from builder.evaluate.ranking import (
    Scores,
    average_precision,
    roc_auc,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)

MELANOMA = INDEX_OF["mel"]
AIM = 0.95  # of sensitivity or of specificity, where the other is asked for


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas under the curves of each class against the rest, (rows, 7) each."""

    roc_auc: Floats
    average_precision: Floats


def areas_of_classes(predictions: Predictions, bootstrap: LesionBootstrap) -> Areas:
    """Compute the areas that the figures of one class and those of all classes share."""
    sides = [(predictions.probabilities[:, kind.index], predictions.labels == kind.index) for kind in CLASSES]
    return Areas(
        np.stack([bootstrap.rows(roc_auc(scores, is_it)) for scores, is_it in sides], axis=1),
        np.stack([bootstrap.rows(average_precision(scores, is_it)) for scores, is_it in sides], axis=1),
    )


def measure_headline(
    predictions: Predictions, areas: Areas, bootstrap: LesionBootstrap, majority: int
) -> dict[str, Any]:
    """The figures of all classes together, and those of melanoma; majority: the most frequent class in training.

    The macro figures are unweighted means over the classes (Provost and Domingos 2000 for the areas).
    """
    everyone, is_melanoma = np.ones(len(predictions.labels), dtype=bool), predictions.labels == MELANOMA
    at_95 = at_95_figures(predictions.probabilities[:, MELANOMA], is_melanoma, bootstrap)
    return {
        "photos": len(predictions.labels),
        "lesions": bootstrap.lesions(everyone),
        "classes_measured": len(np.unique(predictions.labels)),
        "accuracy": bootstrap.share(predictions.is_right, everyone),
        "floor_accuracy": bootstrap.share(predictions.labels == majority, everyone),
        "balanced_accuracy": interval(balanced_accuracy_rows(predictions, bootstrap)),
        "macro_auc": interval(mean_of_measured(areas.roc_auc)),
        "macro_average_precision": interval(mean_of_measured(areas.average_precision)),
        "top_2_accuracy": bootstrap.share(predictions.is_among_best(2), everyone),
        "top_3_accuracy": bootstrap.share(predictions.is_among_best(3), everyone),
        "melanoma_sensitivity": bootstrap.share(predictions.predicted == MELANOMA, is_melanoma),
        "melanoma_auc": interval(areas.roc_auc[:, MELANOMA]),
        **{f"melanoma_{name}": figure for name, figure in at_95.items()},
    }


def balanced_accuracy_rows(predictions: Predictions, bootstrap: LesionBootstrap, photos: Flags | None = None) -> Rows:
    """The mean sensitivity of the classes that have photos (Brodersen and others, ICPR 2010)."""
    among = np.ones(len(predictions.labels), dtype=bool) if photos is None else photos
    of_class = [among & (predictions.labels == kind.index) for kind in CLASSES]
    return mean_of_measured(np.stack([bootstrap.ratio(predictions.is_right & each, each) for each in of_class], axis=1))


def measure_class(predictions: Predictions, index: int, areas: Areas, bootstrap: LesionBootstrap) -> dict[str, Any]:
    """One class against the rest."""
    is_it, is_named = predictions.labels == index, predictions.predicted == index
    return {
        "photos": int(is_it.sum()),
        "lesions": bootstrap.lesions(is_it),
        "auc": interval(areas.roc_auc[:, index]),
        "average_precision": interval(areas.average_precision[:, index]),
        **yes_or_no_figures(is_named, is_it, bootstrap),
        "f1": f1_figure(is_named, is_it, bootstrap),
    }


def measure_malignant(
    predictions: Predictions, operating_point: dict[str, Any] | None, bootstrap: LesionBootstrap
) -> dict[str, Any]:
    """Malignant against benign by the summed probability; operating_point: chosen on validation."""
    score, is_malignant = predictions.malignant_score, predictions.is_malignant
    point = None
    if operating_point:
        called = score >= operating_point["threshold"]
        point = {**operating_point, **yes_or_no_figures(called, is_malignant, bootstrap)}
    return {
        "classes": [CODES[index] for index in MALIGNANT],
        "photos": int(is_malignant.sum()),
        "lesions": bootstrap.lesions(is_malignant),
        "auc": interval(bootstrap.rows(roc_auc(score, is_malignant))),
        "average_precision": interval(bootstrap.rows(average_precision(score, is_malignant))),
        **at_95_figures(score, is_malignant, bootstrap),
        "operating_point": point,
        "roc": roc_curve(score, is_malignant),
    }


def yes_or_no_figures(called: Flags, is_it: Flags, bootstrap: LesionBootstrap) -> dict[str, Figure]:
    """Sensitivity, specificity and predictive values (Altman and Bland, BMJ 1994, 308:1552 and 309:102)."""
    return {
        "sensitivity": bootstrap.share(called, is_it),
        "specificity": bootstrap.share(~called, ~is_it),
        "positive_predictive_value": bootstrap.share(is_it, called),
        "negative_predictive_value": bootstrap.share(~is_it, ~called),
    }


def f1_figure(called: Flags, is_it: Flags, bootstrap: LesionBootstrap) -> Figure:
    """2 TP / (2 TP + FP + FN), the harmonic mean of sensitivity and positive predictive value (van Rijsbergen 1979).

    It is a rising function of the share J = TP / (TP + FP + FN), and so has an exact interval at 0 and 1 as well.
    """
    if not is_it.any():
        return interval(np.array([np.nan]))
    rows = bootstrap.ratio(called & is_it, called | is_it)
    figure = interval(rows, bootstrap.lesions(called | is_it))
    return {name: None if share is None else 2 * share / (1 + share) for name, share in figure.items()}


def roc_curve(scores: Scores, is_positive: Flags) -> dict[str, list[float]] | None:
    """The corner points of the ROC curve; None if one side is empty."""
    if is_positive.all() or not is_positive.any():
        return None
    false_positive_share, true_positive_share, _ = metrics.roc_curve(is_positive, scores)
    return {"fpr": false_positive_share.tolist(), "tpr": true_positive_share.tolist()}


def at_95_figures(scores: Scores, is_positive: Flags, bootstrap: LesionBootstrap) -> dict[str, Figure]:
    """The result of the best threshold chosen on these very photos: an upper bound for the ranking."""
    found = bootstrap.rows(sensitivity_at_specificity(scores, is_positive, AIM))
    spared = bootstrap.rows(specificity_at_sensitivity(scores, is_positive, AIM))
    return {
        "sensitivity_at_95_specificity": interval(found, bootstrap.lesions(is_positive)),
        "specificity_at_95_sensitivity": interval(spared, bootstrap.lesions(~is_positive)),
    }
