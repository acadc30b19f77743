"""Cross-validation: how much a network's figures vary with the lesions it was trained and tested on.

An optional stage. Each lesion is tested once, by a network that was not trained on it.
"""

from __future__ import annotations

import csv
import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.evaluate.bootstrap import Figure
from builder.files.regular import read_json

FIGURES = {
    "accuracy": "test",
    "floor_accuracy": "test",
    "balanced_accuracy": "test",
    "macro_auc": "test",
    "melanoma_sensitivity": "test",
    "malignant_auc": "malignant",
}


def measure_folds(photos: Path, evaluated: Mapping[str, Sequence[Path]], into: Path) -> None:
    """Stage entry: save `folds.json`, which is `report.folds` without the fold that the site ships.

    evaluated: for each network, the folders of its figures, fold by fold.
    """
    lesions = _column(photos / "photos.csv", "lesion_id")
    for name, of_folds in evaluated.items():
        refuse_unless_each_once(
            [_column(fold / "predictions.csv", "image_id") for fold in of_folds],
            _column(photos / "photos.csv", "image_id"),
            name,
        )
    done = {
        "folds": len(next(iter(evaluated.values()))),
        "photos": len(lesions),
        "lesions": len(set(lesions)),
        "networks": {
            name: spread_of([read_json(fold / "figures.json") for fold in of_folds])
            for name, of_folds in evaluated.items()
        },
    }
    (into / "folds.json").write_text(json.dumps(done, indent=1), encoding="utf-8")


def refuse_unless_each_once(tested: Sequence[Sequence[str]], image_ids: Sequence[str], network: str) -> None:
    """Raise an error unless the test parts of all folds together hold every photo exactly once."""
    counts = Counter(image_id for fold in tested for image_id in fold)
    if counts != Counter(image_ids):
        raise AssertionError(f"{network}: the folds do not test each photo once")


def spread_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each figure of one network by fold, with its mean and its standard deviation over the folds.

    figures: as `evaluate_network` saves them, fold by fold. A fold in which a figure was not measured is left out of
    its mean; the standard deviation, with one degree of freedom less than folds, is None for fewer than two folds.
    """
    return {
        "by_fold": [
            {"photos": fold["network"]["test"]["photos"], "lesions": fold["network"]["test"]["lesions"]}
            for fold in figures
        ],
        "figures": {name: _spread([_figure(fold["network"], name) for fold in figures]) for name in FIGURES},
    }


def _figure(network: Mapping[str, Any], name: str) -> Figure:
    figure: Figure = network[FIGURES[name]][name.removeprefix("malignant_")]
    return figure


def _spread(by_fold: Sequence[Figure]) -> dict[str, Any]:
    values = [figure["value"] for figure in by_fold if figure["value"] is not None]
    return {
        "mean": statistics.fmean(values) if values else None,
        "standard_deviation": statistics.stdev(values) if len(values) > 1 else None,
        "by_fold": list(by_fold),
    }


def _column(file: Path, name: str) -> list[str]:
    with open(file, newline="", encoding="utf-8") as lines:
        return [row[name] for row in csv.DictReader(lines)]
