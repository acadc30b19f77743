"""What counts as nearly the same photo: copies in another dress, and not other spots of the same shape."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from builder.data.demo import draw_demo_photos
from builder.data.near_identical import likeness_of, near_identical_pairs

PHOTOS = np.stack([photo.pixels for photo in draw_demo_photos(14, seed=5)])


def pairs_of(photos: np.ndarray) -> list[tuple[int, int]]:
    return near_identical_pairs([likeness_of(photo) for photo in photos])


def with_copy(copy: Image.Image) -> np.ndarray:
    return np.concatenate([PHOTOS, np.asarray(copy)[None]])


def as_jpeg(photo: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo,
        lambda photo: as_jpeg(photo, 60),
        lambda photo: ImageEnhance.Brightness(photo).enhance(0.85),
        lambda photo: ImageEnhance.Color(photo).enhance(0.5),
        lambda photo: photo.resize((600, 450), Image.Resampling.BICUBIC).resize((100, 75), Image.Resampling.BOX),
    ],
    ids=["same", "compressed", "darker", "paler", "resized"],
)
def test_a_copy_in_another_dress_is_found(change) -> None:
    copy = change(Image.fromarray(PHOTOS[3]))
    assert pairs_of(with_copy(copy)) == [(3, 14)]


def test_different_photos_are_no_pair() -> None:
    assert pairs_of(PHOTOS) == []


def test_a_spot_of_the_same_shape_on_other_skin_is_no_pair() -> None:
    y, x = np.mgrid[:75, :100]
    spot = np.exp(-(((x - 50) / 18) ** 2 + ((y - 37) / 14) ** 2))[..., None]
    noise = np.random.default_rng(3).normal(0, 6, (2, 75, 100, 1))
    photos = (np.array([205, 160, 150]) - 120 * spot + noise).clip(0, 255).astype(np.uint8)
    assert pairs_of(photos) == []
