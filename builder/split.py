"""Second stage: assigns photos to training, validation and test. No lesion is ever in two parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import INDEX_OF
from builder.config.data import SplitConfig
from builder.data.store import Photos, load_photos
from builder.errors import BuildError
from builder.files.regular import read_json

PARTS = ("training", "validation", "test")
TRAINING, VALIDATION, TEST = range(3)
UNUSED = -1  # in no part: its lesion is in a later one that the source has fixed

Parts = NDArray[np.int64]  # (photos,) index in PARTS, or UNUSED


def split_photos(photos: Path, rules: SplitConfig, into: Path) -> None:
    """Stage entry: save each photo's part in `into/parts.npy`, and the rule with its effects in `into/split.json`."""
    table = load_photos(photos)
    rule = _rule_for(table, rules)
    parts = _own_parts(table, rules) if rule == "own" else _parts_by_lesion(table, rules, in_folds=rule == "k-fold")
    _refuse_empty(parts, rule)
    done = {
        "rule": _in_words(rule, rules, table),
        "unused": int((parts == UNUSED).sum()),
        "careless": careless_split(table.lesion_ids, table.labels, float((parts == TEST).mean()), rules.seed),
    }
    np.save(into / "parts.npy", parts.astype(np.int64))
    (into / "split.json").write_text(json.dumps(done, indent=1), encoding="utf-8")


def load_parts(folder: Path) -> dict[str, NDArray[np.int64]]:
    """The indices of the photos in each part, ascending."""
    parts = np.load(folder / "parts.npy")
    return {name: np.flatnonzero(parts == index) for index, name in enumerate(PARTS)}


def load_split(folder: Path) -> dict[str, Any]:
    """The rule in words, the photos left out of every part, and the effect of a split by photo."""
    split: dict[str, Any] = read_json(folder / "split.json")
    return split


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


def fold_by_lesion(
    lesion_ids: NDArray[np.str_], labels: NDArray[np.int64], folds: int, fold: int, seed: int
) -> NDArray[np.bool_]:
    """Mark the photos of fold `fold` (1 to `folds`), stratified by class, keeping all photos of one lesion together.

    lesion_ids, labels: shape (photos,). Returns shape (photos,). The folds are disjoint and miss no photo.
    """
    random = np.random.default_rng(seed)
    lesions, first_photo, lesion_of_photo = np.unique(lesion_ids, return_index=True, return_inverse=True)
    lesion_labels = labels[first_photo]
    order = np.concatenate(
        [random.permutation(np.flatnonzero(lesion_labels == label)) for label in np.unique(lesion_labels)]
    )
    fold_of_lesion = np.empty(len(lesions), dtype=np.int64)
    fold_of_lesion[order] = np.arange(len(lesions)) % folds  # dealt on from class to class, so that sizes stay equal
    return np.asarray(fold_of_lesion[lesion_of_photo] == fold - 1)


def careless_split(
    lesion_ids: NDArray[np.str_], labels: NDArray[np.int64], test_share: float, seed: int
) -> dict[str, float | None]:
    """The effect of a random split by photo of the same size: how many lesions it would put on both sides.

    Returns the share of its test photos, and of its test melanomas, that have a photo of the same lesion in training.
    """
    count = len(lesion_ids)
    is_test = np.zeros(count, dtype=bool)
    is_test[np.random.default_rng(seed).permutation(count)[: round(test_share * count)]] = True
    is_known = np.isin(lesion_ids, lesion_ids[~is_test])
    is_melanoma = labels == INDEX_OF["mel"]
    return {
        "test_share": test_share,
        "photos": _mean(is_known[is_test]),
        "melanomas": _mean(is_known[is_test & is_melanoma]),
    }


def _mean(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _rule_for(table: Photos, rules: SplitConfig) -> str:
    has_parts = "test" in table.own_parts
    if rules.rule == "auto":
        return "own" if has_parts else "by lesion"
    if rules.rule == "own" and not has_parts:
        raise BuildError(
            "split.rule is 'own', and the source puts no photo into a test part",
            remedy="give it test folders, a column 'part' or --test-data, or set split.rule to 'by lesion'",
        )
    if table.about.get("test_source") and rules.rule != "own":
        raise BuildError(
            f"split.rule is '{rules.rule}', and --test-data names a test part",
            remedy="leave out one of the two, or set split.rule to 'auto'",
        )
    return rules.rule


def _parts_by_lesion(table: Photos, rules: SplitConfig, *, in_folds: bool) -> Parts:
    if in_folds:
        if rules.fold > rules.folds:
            raise BuildError(f"split.fold is {rules.fold} of {rules.folds}", remedy=f"it must be 1 to {rules.folds}")
        is_test = fold_by_lesion(table.lesion_ids, table.labels, rules.folds, rules.fold, rules.seed)
    else:
        is_test = split_by_lesion(table.lesion_ids, table.labels, rules.test_share, rules.seed)
    parts = np.where(is_test, TEST, TRAINING)
    _split_off_validation(parts, table, rules)
    return parts


def _split_off_validation(parts: Parts, table: Photos, rules: SplitConfig) -> None:
    # Validation is split off before augmentation: no augmented copy of a training photo can be in it.
    rest = np.flatnonzero(parts == TRAINING)
    is_validation = split_by_lesion(table.lesion_ids[rest], table.labels[rest], rules.validation_share, rules.seed)
    parts[rest[is_validation]] = VALIDATION


def _own_parts(table: Photos, rules: SplitConfig) -> Parts:
    """The source's own parts; a lesion in several parts stays in the last one, so that the test part is unchanged."""
    parts = np.full(len(table.labels), TRAINING, dtype=np.int64)
    parts[table.own_parts == "validation"] = VALIDATION
    parts[table.own_parts == "test"] = TEST
    lesions = table.lesion_ids
    parts[(parts < TEST) & np.isin(lesions, lesions[parts == TEST])] = UNUSED
    parts[(parts == TRAINING) & np.isin(lesions, lesions[parts == VALIDATION])] = UNUSED
    if not (parts == VALIDATION).any():
        _split_off_validation(parts, table, rules)
    return parts


def _refuse_empty(parts: Parts, rule: str) -> None:
    for index, part in enumerate(PARTS):
        if not (parts == index).any():
            raise BuildError(
                f"the {part} part has no photo (split.rule: {rule})",
                remedy="bring more lesions, at least three of one kind, or change the shares under [split]",
            )


def _in_words(rule: str, rules: SplitConfig, table: Photos) -> str:
    off = f"{rules.validation_share:.0%} of the training lesions held out for validation before augmentation"
    if rule == "by lesion":
        start = (
            f"{1 - rules.test_share:.0%} of the lesions for training and {rules.test_share:.0%} for the test, "
            f"stratified by class; {off}."
        )
    elif rule == "k-fold":
        start = f"Fold {rules.fold} of {rules.folds} is the test, lesions dealt into folds class by class; {off}."
    elif table.about.get("test_source"):
        start = f"The test part is a source of its own; {off}."
    else:
        start = "The parts are the source's own." + ("" if "validation" in table.own_parts else f" {off}.")
    end = "All photos of a lesion are in one part."
    if table.about.get("near_identical") is not None:
        end = (
            "The source does not say which photos show one lesion: near-identical photos are in one part, "
            "other photos of the same lesion may not be."
        )
    return f"{start} {end}"
