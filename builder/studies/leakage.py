"""Measures how much a split by photo inflates the figures: the network is trained on both splits.

An optional stage. Photos of one lesion on both sides of a split make figures too good, which is the most common mistake
in the field (Kapoor and Narayanan, Patterns 4:100804, 2023; for dermatoscopic photos Abhishek, Jain, Hamarneh,
Scientific Data 12:196, 2025).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.config.evaluation import EvaluationConfig
from builder.data.store import load_photos, stored_pixels
from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.predictions import Predictions
from builder.evaluate.side_by_side import compared_figures, compared_rows, differences
from builder.files.regular import read_json
from builder.predict.trained import load_network, predict
from builder.progress import steps
from builder.split import TEST, UNUSED, load_parts

Parts = NDArray[np.int64]  # (photos,), as split.py has them


def split_leaking(photos: Path, split: Path, seed: int, into: Path) -> None:
    """Stage entry: save in `into/parts.npy` a split by photo, with as many photos of each class per part as before."""
    parts = np.load(split / "parts.npy")
    np.save(into / "parts.npy", deal_by_photo(parts, load_photos(photos).labels, seed))


def deal_by_photo(parts: Parts, labels: NDArray[np.int64], seed: int) -> Parts:
    """Shuffle the photos of each class over the parts, ignoring lesions; both (photos,). Parts keep their sizes."""
    random = np.random.default_rng(seed)
    dealt = parts.copy()
    for label in np.unique(labels):
        of_class = np.flatnonzero((labels == label) & (parts != UNUSED))
        dealt[of_class] = random.permutation(parts[of_class])
    return dealt


def measure_leakage(
    photos: Path, split: Path, leaking: Path, trained: Path, trained_leaking: Path, rules: EvaluationConfig, into: Path
) -> None:
    """Stage entry: save `leakage.json`: the figures of both networks on their own test parts, and the difference."""
    table = load_photos(photos)
    tests, answers = [], []
    for way, way_trained in ((split, trained), (leaking, trained_leaking)):
        test = load_parts(way)["test"]
        with steps("evaluating", len(test)) as advance:
            network = load_network(way_trained)
            answers.append(predict(network, stored_pixels(photos, test), advance))
        tests.append(test)
    both = np.concatenate(tests)
    bootstrap = LesionBootstrap(table.lesion_ids[both], rules.resamples, rules.seed)
    measured = compare_ways(Predictions(np.concatenate(answers), table.labels[both]), len(tests[0]), bootstrap)
    for name, way in (("by_lesion", split), ("by_photo", leaking)):
        known = photos_of_trained_lesions(np.load(way / "parts.npy"), table.lesion_ids)
        measured[name] = {**measured[name], "photos_of_trained_lesions": known}
    epochs = read_json(trained / "history.json")
    done = {"network": network.name, "epochs": len(epochs), **measured}
    (into / "leakage.json").write_text(json.dumps(done, indent=1), encoding="utf-8")


def compare_ways(answers: Predictions, by_lesion: int, bootstrap: LesionBootstrap) -> dict[str, Any]:
    """The figures of two test parts, concatenated in `answers`; by_lesion: number of photos in the first.

    The lesions of both are resampled together, so that a lesion in both counts equally often in each.
    """
    is_first = np.arange(len(answers.labels)) < by_lesion
    rows = {name: compared_rows(answers, bootstrap, own) for name, own in _ways(is_first)}
    return {
        **{
            name: {
                "photos": int(own.sum()),
                "lesions": bootstrap.lesions(own),
                **compared_figures(rows[name], answers, bootstrap, own),
            }
            for name, own in _ways(is_first)
        },
        "added": differences(rows["by_photo"], rows["by_lesion"]),
    }


def photos_of_trained_lesions(parts: Parts, lesion_ids: NDArray[np.str_]) -> float:
    """The share of the test photos whose lesion is also in training or validation."""
    is_trained = (parts >= 0) & (parts < TEST)
    return float(np.isin(lesion_ids[parts == TEST], lesion_ids[is_trained]).mean())


def _ways(is_first: NDArray[np.bool_]) -> tuple[tuple[str, NDArray[np.bool_]], ...]:
    return ("by_lesion", is_first), ("by_photo", ~is_first)
