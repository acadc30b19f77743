"""The split: by lesion, stratified, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.classes import CODES
from builder.config.read import read_config
from builder.data.pixel_file import appending_pixels
from builder.data.save import save_table
from builder.data.sources.listing import Entry
from builder.errors import BuildError
from builder.split import careless_split, fold_by_lesion, load_parts, load_split, split_by_lesion, split_photos

CONFIG = read_config(Path(__file__).parent.parent / "config.toml")


def lesions(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids and labels of some 900 photos of 500 lesions, one to three photos each, very unlike in class sizes."""
    random = np.random.default_rng(seed)
    labels = random.choice(7, size=500, p=[0.05, 0.05, 0.1, 0.02, 0.1, 0.66, 0.02])
    photos = random.permutation(np.repeat(np.arange(500), random.integers(1, 4, 500)))
    return np.array([f"lesion {lesion}" for lesion in photos]), labels[photos]


def save_photos(folder: Path, ids: np.ndarray, labels: np.ndarray, parts: list[str] | None = None, **about) -> None:
    """What the data stage leaves, with pixels of nothing."""
    entries = [
        Entry(f"photo {index}", "", CODES[label], None, part)
        for index, (label, part) in enumerate(zip(labels, parts or [""] * len(ids), strict=True))
    ]
    save_table(entries, list(ids), [""] * len(ids), about, folder)
    with appending_pixels(folder / "pixels.npy") as writer:
        writer.append(np.zeros((len(ids), 75, 100, 3), np.uint8))


def split(folder: Path, *settings: str) -> dict[str, set[int]]:
    config = read_config(Path(__file__).parent.parent / "config.toml", settings=list(settings))
    split_photos(folder, config.split, folder)
    return {part: set(photos.tolist()) for part, photos in load_parts(folder).items()}


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
    save_photos(tmp_path, ids, labels)
    split_photos(tmp_path, CONFIG.split, tmp_path)
    parts = load_parts(tmp_path)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(ids)))
    in_parts = [set(ids[photos]) for photos in parts.values()]
    assert sum(len(part) for part in in_parts) == len(set.union(*in_parts)) == 500
    assert len(in_parts[2]) == pytest.approx(200, abs=4)  # the test part: 40 % of the lesions
    assert len(in_parts[1]) == pytest.approx(120, abs=4)  # validation: 40 % of the rest


def test_the_folds_share_no_lesion_and_miss_none() -> None:
    ids, labels = lesions()
    folds = [fold_by_lesion(ids, labels, 5, fold, 101) for fold in range(1, 6)]
    assert (np.sum(folds, axis=0) == 1).all()
    assert sum(len(set(ids[fold])) for fold in folds) == 500
    assert {len(set(ids[fold])) for fold in folds} == {100}
    for label in range(7):
        assert max(len(set(ids[fold & (labels == label)])) for fold in folds) - 500 * 0.66 / 5 < 10


def test_each_fold_is_the_test_part_when_asked_for(tmp_path: Path) -> None:
    ids, labels = lesions()
    save_photos(tmp_path, ids, labels)
    tests = [split(tmp_path, "split.rule=k-fold", f"split.fold={fold}")["test"] for fold in range(1, 6)]
    assert set.union(*tests) == set(range(len(ids))) and sum(map(len, tests)) == len(ids)
    assert "Fold 5 of 5" in load_split(tmp_path)["rule"]


def test_a_fold_beyond_the_last_is_a_problem_to_mend(tmp_path: Path) -> None:
    save_photos(tmp_path, *lesions())
    with pytest.raises(BuildError, match="fold is 6 of 5"):
        split(tmp_path, "split.rule=k-fold", "split.fold=6")


def test_parts_of_the_source_are_kept_and_none_of_their_lesions_is_in_two(tmp_path: Path) -> None:
    ids = np.array(["a", "a", "b", "c", "c", "d", "e", "e"])
    parts = ["training", "test", "training", "validation", "training", "validation", "test", "validation"]
    save_photos(tmp_path, ids, np.array([0, 0, 1, 1, 1, 2, 3, 3]), parts)
    # The test part is as given; what would leak into it is in no part at all.
    assert split(tmp_path) == {"training": {2}, "validation": {3, 5}, "test": {1, 6}}
    assert load_split(tmp_path)["unused"] == 3
    assert "the source's own" in load_split(tmp_path)["rule"]


def test_a_source_without_a_validation_part_gets_one_by_lesion(tmp_path: Path) -> None:
    ids, labels = lesions()
    save_photos(tmp_path, ids, labels, ["test" if lesion < "lesion 2" else "" for lesion in ids])
    parts = split(tmp_path)
    assert parts["test"] == {photo for photo, lesion in enumerate(ids) if lesion < "lesion 2"}
    assert not {ids[photo] for photo in parts["training"]} & {ids[photo] for photo in parts["validation"]}
    assert parts["validation"] and len(set.union(*parts.values())) == len(ids)


def test_own_parts_can_be_overruled(tmp_path: Path) -> None:
    ids, labels = lesions()
    save_photos(tmp_path, ids, labels, ["test"] * 20 + ["training"] * (len(ids) - 20))
    assert split(tmp_path)["test"] != split(tmp_path, "split.rule=by lesion")["test"]
    assert "60% of the lesions" in load_split(tmp_path)["rule"]


def test_own_parts_that_do_not_exist_are_a_problem_to_mend(tmp_path: Path) -> None:
    save_photos(tmp_path, *lesions())
    with pytest.raises(BuildError, match="no photo into a test part"):
        split(tmp_path, "split.rule=own")


def test_a_class_with_one_photo_is_trained_on_and_does_not_stop_the_split(tmp_path: Path) -> None:
    ids, labels = lesions()
    labels = np.where(labels == 6, 5, labels)
    labels[0], ids[0] = 6, "the only one"
    save_photos(tmp_path, ids, labels)
    assert 0 not in split(tmp_path)["test"]


def test_too_few_lesions_for_three_parts_are_a_problem_to_mend(tmp_path: Path) -> None:
    save_photos(tmp_path, np.array(["a", "b"]), np.array([0, 1]))
    with pytest.raises(BuildError, match="part has no photo"):
        split(tmp_path)


def test_a_careless_split_is_measured() -> None:
    pairs = np.repeat(np.arange(1000), 2).astype(str)
    labels = np.where(np.arange(2000) < 1000, 4, 5)
    leak = careless_split(pairs, labels, 0.4, 101)
    # Each photo has one sister, which is in training with a chance of 60 %.
    assert leak["photos"] == pytest.approx(0.6, abs=0.03) and leak["melanomas"] == pytest.approx(0.6, abs=0.04)
    alone = careless_split(np.arange(2000).astype(str), np.full(2000, 5), 0.4, 101)
    assert alone["photos"] == 0 and alone["melanomas"] is None
