"""The demo photos: the same bytes from the same seed, every class, lesions kept together, masks that fit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from builder.classes import CODES
from builder.data.demo.draw import DemoPhoto, draw_demo_photo, draw_demo_photos

SEED = 11


@pytest.fixture(scope="module")
def photos() -> list[DemoPhoto]:
    return draw_demo_photos(200, SEED)


def test_photos_have_the_size_the_network_reads(photos: list[DemoPhoto]) -> None:
    assert {photo.pixels.shape for photo in photos} == {(75, 100, 3)}
    assert {photo.mask.shape for photo in photos} == {(75, 100)}
    assert {photo.pixels.dtype for photo in photos} == {np.dtype(np.uint8)}


def test_the_same_seed_draws_the_same_bytes_whatever_the_count(photos: list[DemoPhoto]) -> None:
    for photo, again in zip(photos, draw_demo_photos(12, SEED), strict=False):
        assert (photo.image_id, photo.lesion_id, photo.code) == (again.image_id, again.lesion_id, again.code)
        assert photo.pixels.tobytes() == again.pixels.tobytes()
        assert photo.mask.tobytes() == again.mask.tobytes()


def test_another_seed_draws_other_photos(photos: list[DemoPhoto]) -> None:
    other = draw_demo_photos(5, SEED + 1)
    assert all((a.pixels != b.pixels).any() for a, b in zip(photos, other, strict=False))


def test_one_photo_drawn_alone_is_the_one_in_the_set(photos: list[DemoPhoto]) -> None:
    alone = draw_demo_photo(41, SEED)
    assert alone.image_id == photos[41].image_id == "demo_000041"
    assert alone.pixels.tobytes() == photos[41].pixels.tobytes()


def test_a_larger_drawing_shows_the_same_picture(photos: list[DemoPhoto]) -> None:
    large = draw_demo_photo(3, SEED, width_px=400, height_px=300)
    shrunk = large.pixels.reshape(75, 4, 100, 4, 3).mean(axis=(1, 3))
    other = photos[4].pixels.astype(float)
    own = photos[3].pixels.astype(float)
    assert np.abs(shrunk - own).mean() < 5 < np.abs(other - own).mean()  # levels


def test_progress_counts_every_photo() -> None:
    done: list[int] = []
    draw_demo_photos(3, SEED, progress=done.append)
    assert done == [1, 1, 1]


def test_every_class_is_well_present_and_nevi_are_most_common(photos: list[DemoPhoto]) -> None:
    codes = [photo.code for photo in photos]
    shares = {code: codes.count(code) / len(codes) for code in CODES}
    assert min(shares.values()) >= 0.09  # 12 % of the lesions
    assert max(shares, key=lambda code: shares[code]) == "nv"


def test_some_lesions_have_several_photos_and_each_lesion_one_class(photos: list[DemoPhoto]) -> None:
    codes_of: dict[str, list[str]] = {}
    for photo in photos:
        codes_of.setdefault(photo.lesion_id, []).append(photo.code)
    assert all(len(set(codes)) == 1 for codes in codes_of.values())
    assert 0.1 < np.mean([len(codes) > 1 for codes in codes_of.values()]) < 0.4


def test_photos_of_one_lesion_are_not_copies(photos: list[DemoPhoto]) -> None:
    pairs = [(a, b) for a, b in pairwise(photos) if a.lesion_id == b.lesion_id]
    assert pairs
    assert all(np.abs(a.pixels.astype(float) - b.pixels).mean() > 3 for a, b in pairs)  # levels; noise alone: 2


def test_masks_cover_the_lesion_and_leave_skin_around_it(photos: list[DemoPhoto]) -> None:
    for photo in photos:
        assert 0.05 < photo.mask.mean() < 0.7, photo.image_id


def test_the_skin_looks_different_inside_the_mask(photos: list[DemoPhoto]) -> None:
    for photo in photos:
        inside, outside = photo.pixels[photo.mask].astype(float), photo.pixels[~photo.mask].astype(float)
        skin = np.median(outside, axis=0)  # the median: hairs and the dark rim do not move it
        strangeness = np.abs(inside - skin).max(axis=1).mean()
        assert strangeness > 2 * np.median(np.abs(outside - skin).max(axis=1)), (photo.image_id, photo.code)


def test_the_details_say_what_was_drawn() -> None:
    photos = draw_demo_photos(60, 7)
    bright = {tone: [p.pixels[~p.mask].mean() for p in photos if p.details["skin_tone"] == tone] for tone in ("I", "V")}
    assert min(bright["I"]) > max(bright["V"])
    assert {photo.details["hair"] for photo in photos} == {"hair", "no hair"}
