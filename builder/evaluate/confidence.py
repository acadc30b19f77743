"""Selective prediction: how the error falls when the network answers "not sure" to some photos."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.evaluate.bootstrap import Flags, LesionBootstrap, Rows, Weights, interval
from builder.evaluate.predictions import Predictions

CURVE_POINTS = 20  # at each twentieth of the photos


def measure_confidence(
    predictions: Predictions, levels: list[dict[str, Any]], bootstrap: LesionBootstrap
) -> dict[str, Any]:
    """Coverage and share right of each confidence level set on validation, and of all other thresholds."""
    everyone = np.ones(len(predictions.labels), dtype=bool)
    is_answered = predictions.top >= min(
        (level["from"] for level in levels if level["level"] != "not-sure"), default=np.inf
    )
    above = np.inf
    measured = []
    for level in levels:
        own = (predictions.top >= level["from"]) & (predictions.top < above)
        above = level["from"]
        measured.append({
            **level,
            "photos": int(own.sum()),
            "coverage": bootstrap.share(own, everyone),
            "accuracy": bootstrap.share(predictions.is_right, own),
            "malignant_called_benign": int((own & missed_malignant(predictions)).sum()),
        })  # fmt: skip
    return {
        "levels": measured,
        "answered": {
            "coverage": bootstrap.share(is_answered, everyone),
            "error": bootstrap.share(~predictions.is_right, is_answered),
        },
        "risk_coverage": _curve(predictions, bootstrap),
        "area_under_risk_coverage": interval(bootstrap.rows(_area_under_risk_coverage(predictions))),
    }


def missed_malignant(predictions: Predictions) -> Flags:
    """The malignant photos whose most probable class is benign."""
    return np.asarray(
        predictions.is_malignant & ~Predictions(predictions.probabilities, predictions.predicted).is_malignant
    )


def _curve(predictions: Predictions, bootstrap: LesionBootstrap) -> list[dict[str, Any]]:
    """The risk-coverage curve (El-Yaniv and Wiener, JMLR 2010), at thresholds for every twentieth of the photos."""
    count = len(predictions.top)
    descending = np.sort(predictions.top)[::-1]
    points = []
    for point in range(1, CURVE_POINTS + 1):
        threshold = float(descending[max(1, round(count * point / CURVE_POINTS)) - 1])
        kept = predictions.top >= threshold
        points.append({
            "threshold": threshold,
            "coverage": float(kept.mean()),
            "error": bootstrap.share(~predictions.is_right, kept),
        })  # fmt: skip
    return points


def _area_under_risk_coverage(predictions: Predictions) -> Any:
    """The mean over photos of the error among all photos at least as confident (Geifman and El-Yaniv 2017)."""
    order = np.argsort(-predictions.top, kind="stable")
    top = predictions.top[order]
    ends = np.append(np.flatnonzero(top[1:] < top[:-1]), len(top) - 1)  # the last photo of each top probability
    last_alike = ends[np.searchsorted(ends, np.arange(len(top)))]
    is_wrong = ~predictions.is_right[order]

    def areas(weights: Weights) -> Rows:
        ordered = weights[:, order]
        wrong, all_ = (np.cumsum(counts, axis=1)[:, last_alike] for counts in (ordered * is_wrong, ordered))
        error = np.divide(wrong, all_, out=np.zeros_like(wrong), where=all_ > 0)
        return np.asarray((ordered * error).sum(axis=1) / ordered.sum(axis=1))

    return areas
