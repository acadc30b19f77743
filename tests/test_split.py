"""The split: by lesion, stratified, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.config import read_config
from builder.data import Photos, _save
from builder.split import load_parts, split_by_lesion, split_photos

CONFIG = read_config(Path(__file__).parent.parent / "config.toml")


def lesions(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids and labels of some 900 photos of 500 lesions, one to three photos each, very unlike in class sizes."""
    random = np.random.default_rng(seed)
    labels = random.choice(7, size=500, p=[0.05, 0.05, 0.1, 0.02, 0.1, 0.66, 0.02])
    photos = random.permutation(np.repeat(np.arange(500), random.integers(1, 4, 500)))
    return np.array([f"lesion {lesion}" for lesion in photos]), labels[photos]


def test_no_lesion_is_in_both_parts() -> None:
    ids, labels = lesions()
    held_out = split_by_lesion(ids, labels, 0.4, 101)
    assert not set(ids[held_out]) & set(ids[~held_out])


def test_each_class_is_split_in_the_same_share() -> None:
    ids, labels = lesions()
    held_out = split_by_lesion(ids, labels, 0.4, 101)
    for label in range(7):
        of_class = set(ids[labels == label])
        assert len(of_class & set(ids[held_out])) == pytest.approx(0.4 * len(of_class), abs=0.5)


def test_the_seed_decides_alone() -> None:
    ids, labels = lesions()
    first = split_by_lesion(ids, labels, 0.4, 101)
    assert (first == split_by_lesion(ids, labels, 0.4, 101)).all()
    assert (first != split_by_lesion(ids, labels, 0.4, 102)).any()


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_two_lesions_of_a_class_are_parted_whatever_the_share(share: float) -> None:
    held_out = split_by_lesion(np.array(["a", "b", "c"]), np.array([0, 0, 1]), share, 101)
    assert held_out[:2].sum() == 1


def test_the_parts_of_a_build_share_no_lesion_and_miss_no_photo(tmp_path: Path) -> None:
    ids, labels = lesions()
    images = np.array([f"photo {index}" for index in range(len(ids))])
    photos = Photos(np.zeros((len(ids), 1, 1, 3), np.uint8), labels.astype(np.int64), images, ids, {})
    _save(photos, tmp_path)
    split_photos(tmp_path, CONFIG, tmp_path)
    parts = load_parts(tmp_path)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(ids)))
    in_parts = [set(ids[photos]) for photos in parts.values()]
    assert sum(len(part) for part in in_parts) == len(set.union(*in_parts)) == 500
    assert len(in_parts[2]) == pytest.approx(200, abs=4)  # the test part: 40 % of the lesions
    assert len(in_parts[1]) == pytest.approx(120, abs=4)  # validation: 40 % of the rest
