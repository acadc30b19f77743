"""What counts as nearly the same photo: copies in another dress, and not other spots of the same shape."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_image

from builder.data import near_identical
from builder.data.demo.draw import draw_demo_photos
from builder.data.near_identical import group_near_identical, likeness_of, near_identical_pairs

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


def hashes_around(centres: int, photos: int, most_bits: int) -> list[str]:
    """Hashes that lie up to so many bits from one of a few, some of them twice."""
    random = np.random.default_rng(3)
    around = np.unpackbits(random.integers(0, 256, (centres, 32), dtype=np.uint8), axis=1)
    bits = around[random.integers(centres, size=photos)]
    for row in bits:
        row[random.choice(256, random.integers(most_bits + 1), replace=False)] ^= 1
    hashes = [bytes(row).hex() for row in np.packbits(bits, axis=1)]
    return hashes + hashes[:20]


def test_all_pairs_are_found_whatever_the_blocks_they_are_compared_in(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = hashes_around(centres=9, photos=300, most_bits=30)
    words = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(len(hashes), 32)
    apart = np.bitwise_count(words[:, None] ^ words[None]).sum(axis=2)
    expected = [
        (one, other)
        for one in range(len(hashes))
        for other in range(one + 1, len(hashes))
        if apart[one, other] <= near_identical.MOST_BITS_APART
    ]
    assert near_identical_pairs(hashes) == expected
    monkeypatch.setattr(near_identical, "STRIP_PHOTOS", 7)
    monkeypatch.setattr(near_identical, "BLOCK_PHOTOS", 50)
    assert near_identical_pairs(hashes) == expected


def test_groups_are_the_same_however_many_pairs_are_joined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = hashes_around(centres=60, photos=400, most_bits=20)
    groups = group_near_identical(hashes)
    for photo, first in enumerate(groups.tolist()):
        assert groups[first] == first <= photo
    for one, other in near_identical_pairs(hashes):
        assert groups[one] == groups[other]
    assert 50 < len(set(groups.tolist())) <= 60 + len(hashes) // 10
    monkeypatch.setattr(near_identical, "JOINED_AT_ONCE", 1)
    assert (group_near_identical(hashes) == groups).all()


@pytest.mark.parametrize(
    ("photograph", "likeness"),
    [
        ("china.jpg", "9d0ab857c2f5c7e0460f7d1abb1c259d388cf301c5f64c6ee0b32f303f0167b8"),
        ("flower.jpg", "9b3c64b238d36692b34dcd36c934ec22cdd2714a34c3732c32cc93322776ddb3"),
    ],
)
def test_a_hash_is_that_of_the_library_imagehash(photograph: str, likeness: str) -> None:
    assert likeness_of(load_sample_image(photograph)) == likeness  # `imagehash.phash`, version 4.3.2, says the same
