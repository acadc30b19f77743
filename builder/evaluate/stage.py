"""Sixth stage: measures the network on the test part, which no earlier stage has used."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from builder.classes import CLASSES, CODES
from builder.config.evaluation import EvaluationConfig
from builder.data.store import Photos, count_by_class, load_photos, stored_pixels
from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.calibration import measure_calibration
from builder.evaluate.confidence import measure_confidence
from builder.evaluate.discrimination import (
    areas_of_classes,
    measure_class,
    measure_headline,
    measure_malignant,
    roc_curve,
)
from builder.evaluate.predictions import Predictions
from builder.evaluate.subgroups import measure_subgroups
from builder.files.regular import read_json
from builder.network import design_of
from builder.progress import steps
from builder.split import PARTS, load_parts, load_split

Strings = NDArray[np.str_]


def evaluate_network(
    photos: Path, split: Path, trained: Path, calibrated: Path, *, rules: EvaluationConfig, keep: str, into: Path
) -> None:
    """Stage entry: save `figures.json` (the report's figures and data), `predictions.csv` and `limits.json`.

    The last one holds the operating point and the confidence levels for the model card.
    """
    from builder.predict.calibrate import load_calibrated, load_calibration
    from builder.predict.trained import predict  # here, so that figures alone need not wait for TensorFlow
    from builder.train.history import kept_epoch

    table, parts = load_photos(photos), load_parts(split)
    test = parts["test"]
    network, calibration = load_calibrated(trained, calibrated), load_calibration(calibrated)
    design = design_of(network.name)
    with steps("evaluating", len(test)) as advance:
        probabilities = predict(network, stored_pixels(photos, test), advance)
    history = read_json(trained / "history.json")
    majority = int(np.bincount(table.labels[parts["training"]], minlength=len(CLASSES)).argmax())
    predictions = Predictions(probabilities, table.labels[test])
    details = {name: column[test] for name, column in table.details.items()}
    measured = measure(predictions, table.lesion_ids[test], details, majority, calibration, rules)
    figures = {
        "data": describe_data(table, parts, load_split(split)),
        "network": {
            "title": design.title,
            "layers": len(network.layers),
            "parameters": network.count_params(),
            "epochs": len(history),
            "kept_epoch": kept_epoch(history, keep),
            "history": history,
            **measured,
        },
    }
    (into / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    (into / "limits.json").write_text(json.dumps(limits_of(measured), indent=1), encoding="utf-8")
    _save_predictions(design.name, table, test, probabilities, into / "predictions.csv")


def describe_data(table: Photos, parts: dict[str, NDArray[np.int64]], split: dict[str, Any]) -> dict[str, Any]:
    """The data the network was built from: counts, parts, and the rule of the split."""
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
    predictions: Predictions,
    lesion_ids: Strings,
    details: Mapping[str, Strings],
    majority: int,
    calibration: Mapping[str, Any],
    rules: EvaluationConfig,
) -> dict[str, Any]:
    """All figures of the test part, with intervals: `networks.<name>` of report.schema.json.

    lesion_ids: (photos,). details: further columns of (photos,). majority: the most frequent class in training.
    calibration: the file that `calibrate_network` saved.
    """
    bootstrap = LesionBootstrap(lesion_ids, rules.resamples, rules.seed)
    with steps("measuring", 6 + len(CODES)) as advance:

        def done(part: Any) -> Any:
            advance()
            return part

        areas = done(areas_of_classes(predictions, bootstrap))
        return {
            "test": done(measure_headline(predictions, areas, bootstrap, majority)),
            "by_class": {code: done(measure_class(predictions, i, areas, bootstrap)) for i, code in enumerate(CODES)},
            "confusion": metrics.confusion_matrix(
                predictions.labels, predictions.predicted, labels=range(len(CODES))
            ).tolist(),
            "roc": {
                code: roc_curve(predictions.probabilities[:, i], predictions.labels == i)
                for i, code in enumerate(CODES)
            },
            "malignant": done(measure_malignant(predictions, calibration["operating_point"], bootstrap)),
            "calibration": done(measure_calibration(predictions, calibration["temperature"], bootstrap)),
            "sureness": done(measure_confidence(predictions, calibration["sureness"], bootstrap)),
            "subgroups": done(measure_subgroups(predictions, details, rules, bootstrap)),
        }


def limits_of(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The thresholds for the page, set on validation, with their results on the test part.

    Their results on validation would be too good, because they were chosen there. Without an operating point any photo
    counts as suspicious.
    """
    point = measured["malignant"]["operating_point"]
    return {
        "operating_point": {
            "threshold": point["threshold"] if point else 0.0,
            "sensitivity": point["sensitivity"]["value"] if point else None,
            "specificity": point["specificity"]["value"] if point else None,
        },
        "sureness": [
            {"level": level["level"], "from": level["from"], "right_of_100": _of_100(level["accuracy"]["value"])}
            for level in measured["sureness"]["levels"]
        ],
    }


def _of_100(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _save_predictions(
    network: str, table: Photos, test: NDArray[np.int64], probabilities: NDArray[np.float32], file: Path
) -> None:
    with open(file, "w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["network", "image_id", "lesion_id", "truth", *CODES])
        for photo, row in zip(test, probabilities, strict=True):
            values = [f"{value:.9g}" for value in row]  # nine digits give back the same float32
            writer.writerow(
                [network, table.image_ids[photo], table.lesion_ids[photo], CODES[table.labels[photo]], *values]
            )
