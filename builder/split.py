"""Second stage: which photos train, which validate, which test. No lesion is ever in two parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.config import Config
from builder.data import load_photos

PARTS = ("training", "validation", "test")


def split_photos(photos: Path, config: Config, into: Path) -> None:
    """Stage entry: save each photo's part, as its index in `PARTS`, in `into/parts.npy`."""
    table = load_photos(photos)
    rules = config.split
    is_test = split_by_lesion(table.lesion_ids, table.labels, rules.test_share, rules.seed)
    parts = np.where(is_test, PARTS.index("test"), PARTS.index("training"))
    rest = np.flatnonzero(~is_test)
    # Validation is split off before augmentation: no twin of a training photo can land in it.
    is_validation = split_by_lesion(table.lesion_ids[rest], table.labels[rest], rules.validation_share, rules.seed)
    parts[rest[is_validation]] = PARTS.index("validation")
    np.save(into / "parts.npy", parts.astype(np.int64))


def load_parts(folder: Path) -> dict[str, NDArray[np.int64]]:
    """The indices of the photos in each part, ascending."""
    parts = np.load(folder / "parts.npy")
    return {name: np.flatnonzero(parts == index) for index, name in enumerate(PARTS)}


def split_by_lesion(
    lesion_ids: NDArray[np.str_], labels: NDArray[np.int64], held_out: float, seed: int
) -> NDArray[np.bool_]:
    """Mark the photos to hold out, stratified by class, keeping all photos of one lesion together.

    lesion_ids, labels: shape (photos,). held_out: share of the lesions, 0-1. Returns shape (photos,).
    HAM10000 shows many lesions more than once (Tschandl 2018): a split by photo leaks. In each class the share
    is rounded to whole lesions, and a class with two lesions or more has at least one on either side.
    """
    random = np.random.default_rng(seed)
    lesions, first_photo, lesion_of_photo = np.unique(lesion_ids, return_index=True, return_inverse=True)
    lesion_labels = labels[first_photo]
    is_held_out = np.zeros(len(lesions), dtype=bool)
    for label in np.unique(lesion_labels):
        of_class = random.permutation(np.flatnonzero(lesion_labels == label))
        count = round(held_out * len(of_class))
        if len(of_class) > 1:
            count = min(max(count, 1), len(of_class) - 1)
        is_held_out[of_class[:count]] = True
    return np.asarray(is_held_out[lesion_of_photo])
