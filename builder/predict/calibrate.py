"""Fifth stage: fits all thresholds on the validation part; nothing changes them when the test part is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.isotonic import IsotonicRegression

from builder.classes import MALIGNANT
from builder.config.evaluation import CalibrationConfig
from builder.data.store import load_photos, stored_pixels
from builder.files.regular import read_json
from builder.network import Network
from builder.predict.trained import load_network, predict
from builder.progress import steps
from builder.quiet_tensorflow import tf_keras
from builder.split import load_parts

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Labels = NDArray[np.int64]

# Below a quarter only where next to nothing is wrong on validation: too few mistakes to measure it by.
TEMPERATURES = (0.25, 100.0)


def calibrate_network(photos: Path, split: Path, trained: Path, rules: CalibrationConfig, into: Path) -> None:
    """Stage entry: save `calibration.json`: the temperature, the operating point and the confidence levels."""
    table, validation = load_photos(photos), load_parts(split)["validation"]
    with steps("calibrating", len(validation)) as advance:
        logits = predict(_without_softmax(load_network(trained)), stored_pixels(photos, validation), advance)
    fitted = calibrate(logits.astype(np.float64), table.labels[validation], rules)
    (into / "calibration.json").write_text(json.dumps(fitted, indent=1), encoding="utf-8")


def load_calibration(calibrated: Path) -> dict[str, Any]:
    """The file that `calibrate_network` saved in `calibrated`."""
    fitted: dict[str, Any] = read_json(calibrated / "calibration.json")
    return fitted


def load_calibrated(trained: Path, calibrated: Path) -> Network:
    """The trained network with temperature scaling built in: it predicts calibrated probabilities."""
    network = load_network(trained)
    fold_temperature(network, load_calibration(calibrated)["temperature"])
    return network


def fold_temperature(network: Network, temperature: float) -> None:
    """Divide the logits by `temperature`, by dividing the weights of the last layer that has weights."""
    last = next(layer for layer in reversed(network.layers) if layer.weights)
    last.set_weights([weights / np.float32(temperature) for weights in last.get_weights()])


def calibrate(logits: Floats, labels: Labels, rules: CalibrationConfig) -> dict[str, Any]:
    """Fit everything on validation photos; logits: (photos, 7), labels: (photos,)."""
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits / temperature, axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    score, is_malignant = probabilities[:, MALIGNANT].sum(axis=1), np.isin(labels, MALIGNANT)
    return {
        "temperature": temperature,
        "operating_point": choose_operating_point(score, is_malignant, rules.malignant_sensitivity),
        "sureness": fit_confidence_levels(probabilities.max(axis=1), is_right, rules),
    }


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature with the lowest log loss (Guo, Pleiss, Sun, Weinberger: On Calibration, ICML 2017).

    One number for all classes: it changes the probabilities, but never which class is the most probable.
    """
    of_truth = logits[np.arange(len(labels)), labels]

    def log_loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float((logsumexp(logits / temperature, axis=1) - of_truth / temperature).mean())

    bounds = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x))


def choose_operating_point(score: Floats, is_malignant: Flags, sensitivity: float) -> dict[str, Any] | None:
    """The threshold that finds at least that share (0-1) of the malignant photos; None if there are none.

    Among these thresholds it chooses the fewest false alarms, and among equals the lowest, which finds the most.

    score: (photos,) the sum of the malignant classes' probabilities. A photo at or above the threshold is called
    malignant. The threshold is halfway to the next lower score, so that rounding elsewhere changes no answer.
    """
    if is_malignant.all() or not is_malignant.any():
        return None
    may_be_missed = int((1 - sensitivity) * is_malignant.sum() + 1e-9)
    enough = np.sort(score[is_malignant])[may_be_missed]
    spared = score[~is_malignant & (score < enough)]
    lowest = score[score > spared.max()].min() if len(spared) else score.min()
    threshold = _halfway_below(lowest, score)
    called = score >= threshold
    return {
        "threshold": threshold,
        "aimed_sensitivity": sensitivity,
        "validation": {
            "sensitivity": float(called[is_malignant].mean()),
            "specificity": float((~called[~is_malignant]).mean()),
            "positive_predictive_value": _mean(is_malignant[called]),
            "negative_predictive_value": _mean(~is_malignant[~called]),
        },
    }


def fit_confidence_levels(top: Floats, is_right: Flags, rules: CalibrationConfig) -> list[dict[str, Any]]:
    """Confidence levels, the highest first, each with the lowest top probability that belongs to it (`from`).

    top, is_right: (photos,). Isotonic regression (Zadrozny and Elkan, KDD 2002) fits the share right as a rising
    function of the top probability. A level extends down to where this falls below the level's target. So its least
    confident photos meet the target too: if only the level's mean had to meet it, confident photos would hide the wrong
    ones. A level with too few photos is left out; `not-sure` is the rest.
    """
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(top, is_right.astype(float))
    levels = []
    above = np.inf
    for level, aim in (("sure", rules.sure_right), ("fairly-sure", rules.fairly_sure_right)):
        keeps = fitted >= aim - 1e-9
        if (keeps & (top < above)).sum() >= rules.fewest_photos:
            begins = _halfway_below(top[keeps].min(), top)
            levels.append(_level(level, begins, aim, is_right[(top >= begins) & (top < above)]))
            above = begins
    return [*levels, _level("not-sure", 0.0, None, is_right[top < above])]


def _level(level: str, begins: float, aim: float | None, is_right: Flags) -> dict[str, Any]:
    own = {"photos": len(is_right), "right": _mean(is_right)}
    return {"level": level, "from": begins, "aimed_right": aim, "validation": own}


def _halfway_below(value: float, values: Floats) -> float:
    """Halfway between `value` and the next lower of `values`, or zero."""
    return float((value + values[values < value].max(initial=0.0)) / 2)


def _mean(flags: Flags) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _without_softmax(network: Network) -> Network:
    return tf_keras.Model(network.inputs, network.layers[-2].output)
