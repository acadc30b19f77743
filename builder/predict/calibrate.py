"""Fifth stage: all that is fitted on the validation part, and frozen before anything looks at the test part."""

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
    """Stage entry: save `calibration.json`, with the temperature, the operating point and the levels of sureness."""
    table, validation = load_photos(photos), load_parts(split)["validation"]
    with steps("calibrating", len(validation)) as advance:
        logits = predict(_without_softmax(load_network(trained)), stored_pixels(photos, validation), advance)
    fitted = calibrate(logits.astype(np.float64), table.labels[validation], rules)
    (into / "calibration.json").write_text(json.dumps(fitted, indent=1), encoding="utf-8")


def load_calibration(calibrated: Path) -> dict[str, Any]:
    """What `calibrate_network` left in `calibrated`."""
    fitted: dict[str, Any] = read_json(calibrated / "calibration.json")
    return fitted


def load_calibrated(trained: Path, calibrated: Path) -> Network:
    """The trained network with the temperature in it: its probabilities are the calibrated ones."""
    network = load_network(trained)
    fold_temperature(network, load_calibration(calibrated)["temperature"])
    return network


def fold_temperature(network: Network, temperature: float) -> None:
    """Divide the logits by `temperature`, by dividing the weights of the last layer that has any."""
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

    One number for all classes: it changes how sure the network is, never what it answers.
    """
    of_truth = logits[np.arange(len(labels)), labels]

    def log_loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float((logsumexp(logits / temperature, axis=1) - of_truth / temperature).mean())

    bounds = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x))


def choose_operating_point(score: Floats, is_malignant: Flags, sensitivity: float) -> dict[str, Any] | None:
    """The threshold that finds at least that share (0-1) of the malignant photos; None without any.

    Of all that do, it is one with the fewest false alarms, and of these the lowest: it finds the most.

    score: (photos,) the probabilities of the malignant classes together. A photo at the threshold or above is called
    malignant. The threshold lies halfway to the next lower score, so that rounding elsewhere turns no answer.
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
    """Levels of sureness, each with the lowest top probability it begins `from`, the surest first.

    top, is_right: (photos,). Share right is fitted as a rising function of the top probability (isotonic regression,
    Zadrozny and Elkan, KDD 2002); a level goes down to where that falls below its aim. So its least sure photos keep
    the aim too: were it the mean of the level that keeps it, the sure ones would hide that the others are wrong.
    A level with too few photos is not made; `not-sure` is whatever is left.
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
    """Halfway from `value` to the next lower one of `values`, or to zero."""
    return float((value + values[values < value].max(initial=0.0)) / 2)


def _mean(flags: Flags) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _without_softmax(network: Network) -> Network:
    return tf_keras.Model(network.inputs, network.layers[-2].output)
