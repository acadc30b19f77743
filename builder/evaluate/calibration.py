"""Whether probabilities match how often predictions are right, before and after temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.evaluate.bootstrap import Figure, Floats, LesionBootstrap, Weights, interval
from builder.evaluate.predictions import Labels, Predictions

BINS = 15  # of equal width, as Guo and others have them
SMALLEST = float(np.finfo(np.float64).eps)  # as scikit-learn's log_loss clips


def measure_calibration(predictions: Predictions, temperature: float, bootstrap: LesionBootstrap) -> dict[str, Any]:
    """Calibration of the network's predictions, with temperature scaling and without it."""
    after = predictions.probabilities.astype(np.float64)
    after /= after.sum(axis=1, keepdims=True)
    return {
        "temperature": temperature,
        "bins": BINS,
        "before": _measure(undo_temperature(after, temperature), predictions.labels, bootstrap),
        "after": _measure(after, predictions.labels, bootstrap),
    }


def undo_temperature(probabilities: Floats, temperature: float) -> Floats:
    """The probabilities before temperature scaling: logits are log probabilities, up to a constant per photo."""
    raised = (probabilities / probabilities.max(axis=1, keepdims=True)) ** temperature
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _measure(probabilities: Floats, labels: Labels, bootstrap: LesionBootstrap) -> dict[str, Any]:
    truth = np.eye(probabilities.shape[1])[labels]
    of_truth = probabilities[np.arange(len(labels)), labels]
    top, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    in_bin = bin_of(top)
    return {
        "expected_calibration_error": calibration_error(top, is_right, in_bin, bootstrap),
        "brier_score": bootstrap.mean(((probabilities - truth) ** 2).sum(axis=1)),
        "log_loss": bootstrap.mean(-np.log(np.clip(of_truth, SMALLEST, 1))),
        "reliability": [
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "photos": int((in_bin == number).sum()),
                "confidence": float(top[in_bin == number].mean()) if (in_bin == number).any() else None,
                "accuracy": bootstrap.share(is_right, in_bin == number),
            }
            for number in range(BINS)
        ],
    }


def bin_of(top: Floats) -> Labels:
    """The bin of each top probability: above its lower edge, at most its upper edge."""
    return np.clip(np.ceil(top * BINS).astype(np.int64) - 1, 0, BINS - 1)


def calibration_error(top: Floats, is_right: Any, in_bin: Labels, bootstrap: LesionBootstrap) -> Figure:
    """The mean over photos of |share right - mean confidence| in their bin (Naeini, AAAI 2015; Guo, ICML 2017).

    Resampling adds noise to every bin, and noise increases a sum of absolute values: the resamples lie above the
    figure. Their mean excess, a bootstrap estimate of bias, is subtracted (Efron and Tibshirani 1993, chapter 10).
    """
    excess = np.zeros((len(top), BINS))
    excess[np.arange(len(top)), in_bin] = is_right - top

    def errors(weights: Weights) -> Floats:
        return np.asarray(np.abs(weights @ excess).sum(axis=1) / weights.sum(axis=1))

    rows = bootstrap.rows(errors)
    rows[1:] = np.clip(rows[1:] - (rows[1:].mean() - rows[0]), 0, 1)
    return interval(rows)
