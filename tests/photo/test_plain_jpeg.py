"""The short way to decode a JPEG: the pixels that Pillow gives, and nothing that Pillow must look at."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.photo.decode import PhotoProblem, read_photo
from builder.photo.plain_jpeg import PlainJpeg, Scratch, decode_plain_jpeg, plain_jpeg
from tests.photo_cases import PHOTO_CASES, density_exif, display_p3, encoded, photo_of, scene, turned

REAL_PHOTOS = sorted((Path(__file__).parents[3] / "shared" / "data" / "photos").glob("*.jpg"))
PLAIN = encoded(scene(), "JPEG", quality=90)


def by_pillow(photo: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(photo)) as image:
        return np.asarray(image.convert("RGB"))


def decoded(photo: bytes) -> np.ndarray:
    found = plain_jpeg(photo)
    assert found
    return np.asarray(decode_plain_jpeg(photo, found))


@pytest.mark.parametrize("size", [(600, 450), (451, 337), (101, 77), (1, 1), (17, 3)])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:1:1"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("quality", [30, 92, 100])
def test_it_gives_pillows_very_pixels(size: tuple[int, int], subsampling: str, progressive: bool, quality: int) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    pixels = scene(*size) if min(size) > 50 else noisy
    photo = encoded(
        pixels, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive, restart_marker_blocks=3
    )
    assert plain_jpeg(photo) == PlainJpeg(*size, has_notes=False)
    assert np.array_equal(decoded(photo), by_pillow(photo))


@pytest.mark.skipif(not REAL_PHOTOS, reason="the real photos are not on this machine")
def test_it_gives_pillows_very_pixels_on_real_photos() -> None:
    for path in REAL_PHOTOS:
        photo = path.read_bytes()
        assert np.array_equal(decoded(photo), by_pillow(photo))


def test_photos_of_any_size_may_be_decoded_into_the_same_memory() -> None:
    scratch = Scratch()
    for size in ((451, 337), (600, 450), (101, 77), (600, 450), (100, 75)):
        photo = encoded(scene(*size, seed=size[0]), "JPEG", quality=90)
        found = plain_jpeg(photo)
        assert found
        assert np.array_equal(np.asarray(decode_plain_jpeg(photo, found, scratch)), by_pillow(photo))
        assert np.array_equal(read_photo(photo, scratch), by_pillow(photo))


@pytest.mark.parametrize("case", ["JPEG grey", "JPEG CMYK", "Display P3 JPEG", "PNG", "GIF animated", "WebP", "AVIF"])
def test_what_needs_pillow_is_left_to_it(case: str) -> None:
    assert plain_jpeg(photo_of(PHOTO_CASES[case])) is None


@pytest.mark.parametrize(
    "photo",
    [b"", b"\xff\xd8", PLAIN[:3], PLAIN[:300], b"\xff\xd8" + bytes(100), b"\xff\xd8\xff\xda" + bytes(100)],
    ids=["nothing", "start", "three bytes", "header cut off", "zeros", "no size"],
)
def test_a_header_that_is_not_whole_is_left_to_pillow(photo: bytes) -> None:
    assert plain_jpeg(photo) is None
    with pytest.raises(PhotoProblem):
        read_photo(photo)


def test_a_decoder_that_complains_leaves_the_photo_to_pillow() -> None:
    found = plain_jpeg(PLAIN)
    assert found and decode_plain_jpeg(PLAIN[:-200], found) is None
    with pytest.raises(PhotoProblem, match="damaged or incomplete"):
        read_photo(PLAIN[:-200])
    middle = len(PLAIN) // 2
    flipped = PLAIN[:middle] + bytes(value ^ 255 for value in PLAIN[middle : middle + 40]) + PLAIN[middle + 40 :]
    assert np.array_equal(read_photo(flipped), by_pillow(flipped))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_still_turns_a_photo(orientation: int) -> None:
    photo = turned(orientation)
    assert plain_jpeg(photo) == PlainJpeg(480, 360, has_notes=True)
    with Image.open(io.BytesIO(photo)) as image:
        stored = np.asarray(image)
    assert (read_photo(photo).shape == stored.shape) == (orientation < 5)
    assert np.array_equal(read_photo(photo), stored) == (orientation == 1)


def test_exif_without_a_turn_turns_nothing() -> None:
    photo = encoded(scene(), "JPEG", quality=95, exif=density_exif())
    assert np.array_equal(read_photo(photo), by_pillow(photo))


def test_damaged_exif_is_no_obstacle() -> None:
    at = 2
    notes = b"Exif\0\0" + b"MM\0*" + b"\xff" * 30
    photo = PLAIN[:at] + b"\xff\xe1" + (len(notes) + 2).to_bytes(2, "big") + notes + PLAIN[at:]
    assert np.array_equal(read_photo(photo), by_pillow(PLAIN))


def test_a_colour_profile_is_still_converted() -> None:
    photo = encoded(scene(), "JPEG", quality=95, icc_profile=display_p3())
    assert not np.array_equal(read_photo(photo), by_pillow(photo))
