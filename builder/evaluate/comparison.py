"""Compares networks on the same test photos: their figures, the differences, and which one is better."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES, INDEX_OF
from builder.config.evaluation import EvaluationConfig
from builder.errors import BuildError
from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.mcnemar import mcnemar
from builder.evaluate.predictions import Predictions
from builder.evaluate.side_by_side import compared_figures, compared_rows, differences
from builder.files.regular import read_text
from builder.terminal import visible

SUMS_TO_ONE = 0.01  # as far as probabilities are rounded in files
ROWS: tuple[dict[str, Any], ...] = (
    {"name": "accuracy", "title": "Accuracy", "kind": "share", "lower_is_better": False},
    {"name": "balanced_accuracy", "title": "Balanced accuracy", "kind": "share", "lower_is_better": False},
    {"name": "macro_auc", "title": "Macro ROC AUC", "kind": "score", "lower_is_better": False},
    {"name": "melanoma_sensitivity", "title": "Melanoma sensitivity", "kind": "share", "lower_is_better": False},
    {"name": "malignant_auc", "title": "Malignant against benign, AUC", "kind": "score", "lower_is_better": False},
)
# Image id, lesion id and code of the truth of each photo; probabilities (photos, 7); labels (photos,).
PhotosAndPredictions = tuple[list[tuple[str, str, str]], NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True)
class Build:
    """One network of one report, with its predictions sorted by image id."""

    name: str
    file: str
    about: dict[str, Any]  # `network`, `data`, `is_demo` and `epochs`
    photos: list[tuple[str, str, str]]  # image id, lesion id, code of the truth
    predictions: Predictions


def compare(builds: list[Build], rules: EvaluationConfig) -> dict[str, Any]:
    """Figures of each build and, for each pair, the differences (later minus earlier) on the same resamples.

    `write_comparison_page` documents the result.
    """
    lesions = np.array([lesion for _, lesion, _ in builds[0].photos])
    bootstrap = LesionBootstrap(lesions, rules.resamples, rules.seed)
    everyone = np.ones(len(lesions), dtype=bool)
    rows = [compared_rows(build.predictions, bootstrap, everyone) for build in builds]
    return {
        "photos": len(lesions),
        "lesions": bootstrap.lesions(everyone),
        "resamples": rules.resamples,
        "is_demo": builds[0].about["is_demo"],
        "rows": list(ROWS),
        "builds": [
            {
                "name": build.name,
                "file": build.file,
                **{fact: build.about[fact] for fact in ("network", "data", "epochs")},
                "figures": compared_figures(own, build.predictions, bootstrap, everyone),
            }
            for build, own in zip(builds, rows, strict=True)
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                "differences": differences(rows[second], rows[first]),
                "mcnemar": mcnemar(
                    builds[first].predictions.is_right, builds[second].predictions.is_right, bootstrap.lesion_of_photo
                ),
            }
            for first, second in combinations(range(len(builds)), 2)
        ],
    }


def build_of(
    name: str, file: Path, network: Mapping[str, Any], data: Mapping[str, Any], predictions: PhotosAndPredictions
) -> Build:
    """A network with its predictions; network, data: from the report. Its texts are safe to show."""
    about = {
        "network": visible(network["title"]),
        "data": visible(data["title"]),
        "is_demo": data["is_demo"],
        "epochs": network["epochs"],
    }
    for fact, kind in (("network", str), ("data", str), ("is_demo", bool), ("epochs", int)):
        if type(about[fact]) is not kind:
            raise TypeError(f"'{fact}' is no {kind.__name__}")
    photos, probabilities, labels = predictions
    if len(photos) != network["test"]["photos"]:
        raise ValueError(f"{len(photos)} photos of {network['test']['photos']} are there")
    return Build(visible(name), visible(file), about, photos, Predictions(probabilities, labels))


def read_predictions(file: Path) -> dict[str, PhotosAndPredictions]:
    """Photos, probabilities (photos, 7) and labels of each network, sorted by image id."""
    rows = sorted(csv.DictReader(io.StringIO(read_text(file), newline="")), key=lambda row: row["image_id"])
    by_network: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_network.setdefault(row["network"], []).append(row)
    return {network: _predictions_in(own) for network, own in by_network.items()}


def _predictions_in(rows: list[dict[str, str]]) -> PhotosAndPredictions:
    probabilities = np.array([[float(row[code]) for code in CODES] for row in rows], dtype=np.float32)
    if not ((probabilities >= 0).all() and abs(probabilities.sum(axis=1) - 1).max() < SUMS_TO_ONE):
        raise ValueError("there are probabilities that do not add up to one")
    return (
        [(row["image_id"], row["lesion_id"], row["truth"]) for row in rows],
        probabilities,
        np.array([INDEX_OF[row["truth"]] for row in rows], dtype=np.int64),
    )


def refuse_other_photos(first: Build, other: Build) -> None:
    """Raise a BuildError unless both were tested on the same photos."""
    if other.photos == first.photos:
        return
    images = {image for image, _, _ in first.photos}, {image for image, _, _ in other.photos}
    if images[0] == images[1]:
        problem = f"{first.name} and {other.name} were tested on the same photos, but call some of them otherwise"
    else:
        problem = (
            f"{first.name} and {other.name} were tested on different photos: {len(images[0])} and {len(images[1])}, "
            f"of which {len(images[0] & images[1])} are the same"
        )
    raise BuildError(problem, remedy="build both from the same data with the same numbers under [split]")


def better_of(difference: dict[str, float | None], lower_is_better: bool) -> str | None:
    """Which of two builds is better, judged by "second minus first"; None if the interval includes zero."""
    low, high = difference["low"], difference["high"]
    if low is None or high is None or low <= 0 <= high:
        return None
    return "second" if (low > 0) != lower_is_better else "first"
