"""Augmented copies: one per photo, mirrored or zoomed into the centre."""

from __future__ import annotations

import numpy as np

from builder.train.augmented_copies import draw_copies, zoom


def photos(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 75, 100, 3), dtype=np.uint8)


def test_half_the_twins_are_mirrored_and_half_zoomed() -> None:
    given = photos(10)
    copies = list(draw_copies(given, 0.5, 0.67, 101))
    mirrored = [(copy == photo[:, ::-1]).all() for photo, copy in zip(given, copies, strict=True)]
    zoomed = [(copy == zoom(photo, 0.67)).all() for photo, copy in zip(given, copies, strict=True)]
    assert sum(mirrored) == 5
    assert [not is_mirrored for is_mirrored in mirrored] == zoomed


def test_the_zoom_keeps_the_centre_in_the_centre() -> None:
    # A cross through the middle stays where it is; the origin's zoom moved it to the top left.
    photo = np.zeros((75, 100, 3), np.uint8)
    photo[34:41], photo[:, 46:54] = 255, 255
    zoomed = zoom(photo, 0.67)
    assert (zoomed == zoomed[::-1]).all() and (zoomed == zoomed[:, ::-1]).all()
    assert (zoomed[:, 0] > 127).sum() > (photo[:, 0] > 127).sum()


def test_the_zoom_keeps_a_flat_photo_flat() -> None:
    assert (zoom(np.full((75, 100, 3), 77, np.uint8), 0.67) == 77).all()


def test_the_seed_decides_which_twin() -> None:
    given = photos(12)
    first, again, other = (np.stack(list(draw_copies(given, 0.5, 0.67, seed))) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
