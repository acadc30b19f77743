"""One fold of a search: trained on the other folds, scored on this one. No fold contains the test part."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.config.networks import ResolvedNetwork
from builder.config.training import MachinesConfig
from builder.data.store import load_photos, stored_pixels
from builder.errors import BuildError
from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.predictions import Predictions
from builder.evaluate.side_by_side import compared_rows
from builder.files.ownership import delete_files
from builder.progress import console
from builder.split import TEST, TRAINING, UNUSED, VALIDATION, Parts, fold_by_lesion, load_parts

FIGURES = ("accuracy", "balanced_accuracy", "macro_auc")


def split_fold(photos: Path, split: Path, *, fold: int, folds: int, seed: int, into: Path) -> None:
    """Stage entry: save in `into/parts.npy` fold `fold` as validation and the others as training."""
    table = load_photos(photos)
    parts = fold_of_search(
        np.load(split / "parts.npy"), table.lesion_ids, table.labels, folds=folds, fold=fold, seed=seed
    )
    for part in (TRAINING, VALIDATION):
        if not (parts == part).any():
            raise BuildError(
                f"fold {fold} of {folds} of the search has nothing to train on or to be scored by",
                remedy="bring more lesions, or set search.folds lower",
            )
    np.save(into / "parts.npy", parts)


def fold_of_search(
    parts: Parts, lesion_ids: NDArray[np.str_], labels: Parts, *, folds: int, fold: int, seed: int
) -> Parts:
    """Split the lesions of training and validation into folds: parts (photos,) as in split.py, without a test part.

    The photos of the test part are in no part: a search that saw them would choose settings by them.
    """
    rest = np.flatnonzero((parts != TEST) & (parts != UNUSED))
    is_scored = fold_by_lesion(lesion_ids[rest], labels[rest], folds, fold, seed)
    dealt = np.full(len(parts), UNUSED, dtype=np.int64)
    dealt[rest] = np.where(is_scored, VALIDATION, TRAINING)
    return dealt


def try_settings(
    photos: Path,
    split: Path,
    copies: Path | None = None,
    *,
    network: ResolvedNetwork,
    machines: MachinesConfig,
    into: Path,
) -> None:
    """Stage entry: train like a build, and save `score.json`, the figures on the fold's validation part.

    The weights are deleted: those of all trials would fill a disk.
    """
    from builder.predict.trained import load_network, predict
    from builder.train.stage import Diverged, train_network

    try:
        train_network(photos, split, copies, network=network, machines=machines, into=into)
    except Diverged as problem:
        console.print(problem.problem)
        score: dict[str, float | None] = dict.fromkeys(FIGURES)  # the trial has failed; others may not
    else:
        table, scored = load_photos(photos), load_parts(split)["validation"]
        score = score_of(Predictions(predict(load_network(into), stored_pixels(photos, scored)), table.labels[scored]))
    (into / "score.json").write_text(json.dumps(score, indent=1), encoding="utf-8")
    delete_files([*into.glob("*.h5"), *into.parent.glob("checkpoint.npz"), *into.parent.glob("epoch-*.npz")])


def score_of(answers: Predictions) -> dict[str, float | None]:
    """The figures that a search can use; None if one cannot be measured, or if a prediction is not finite."""
    if not np.isfinite(answers.probabilities).all():
        return dict.fromkeys(FIGURES)
    everyone = np.ones(len(answers.labels), dtype=bool)
    rows = compared_rows(answers, LesionBootstrap(np.arange(len(everyone)).astype(str), 0, 0), everyone)
    values = {name: float(rows[name][0]) for name in FIGURES}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
