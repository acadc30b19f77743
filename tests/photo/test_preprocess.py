"""The preprocessing contract in Python: what builder/photo/ and the page must agree on."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.photo.decode import PhotoProblem, read_photo
from builder.photo.frame import Frame, Pixels, centred_frame, shrink
from builder.photo.preprocess import photo_to_pixels
from builder.photo.size import HEIGHT_PX, MAX_MEGAPIXELS, WIDTH_PX
from tests import photo_cases
from tests.photo_cases import PHOTO_CASES, encoded, scene, turned


@pytest.mark.parametrize("orientation", photo_cases.EXIF_ORIENTATIONS)
def test_a_photo_is_turned_upright(orientation: int) -> None:
    # How a camera stores an upright scene under each orientation, from the EXIF standard's table.
    turns: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda image: image,
        2: np.fliplr,
        3: lambda image: np.rot90(image, 2),
        4: np.flipud,
        5: lambda image: image.transpose(1, 0, 2),
        6: np.rot90,
        7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
        8: lambda image: np.rot90(image, -1),
    }
    stored = turns[orientation](scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read_photo(encoded(np.ascontiguousarray(stored), "PNG", exif=exif)), scene())


@pytest.mark.parametrize("case", PHOTO_CASES.values(), ids=list(PHOTO_CASES))
def test_every_kind_of_photo_gives_the_networks_pixels(case: photo_cases.PhotoCase) -> None:
    pixels = photo_to_pixels(photo_cases.photo_of(case))
    assert pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert pixels.dtype == np.uint8
    assert 20 < pixels.mean() < 235  # not blank


def test_transparency_lies_on_white() -> None:
    pixels = read_photo(encoded(photo_cases.faded(), "PNG")).astype(float)
    share = np.linspace(0, 255, 480).round()[None, :, None] / 255
    assert np.abs(pixels - (scene() * share + 255 * (1 - share))).max() <= 0.51
    assert (pixels[:, 0] == 255).all()


@pytest.mark.parametrize("make", [photo_cases.see_through_palette, photo_cases.see_through_colour])
def test_a_colour_marked_as_transparent_turns_white(make: Callable[[], bytes]) -> None:
    pixels = read_photo(make())
    assert (pixels[0, 0] == 255).all() and not (pixels == 255).all()


def test_16_bits_keep_the_high_byte() -> None:
    assert np.array_equal(read_photo(photo_cases.png_16_bit(3)), scene())
    assert np.array_equal(read_photo(photo_cases.png_16_bit(1)), scene()[:, :, :1].repeat(3, axis=2))


def test_a_colour_profile_is_converted() -> None:
    plain = read_photo(encoded(scene(), "PNG"))
    converted = read_photo(encoded(scene(), "PNG", icc_profile=photo_cases.display_p3()))
    # Red of Display P3 (250, 10, 10) is outside sRGB: the red goes to the top, the others to the bottom.
    assert converted[0, 0].tolist() == [255, 0, 0]
    assert np.abs(converted.astype(int) - plain).max() > 20


def test_a_cmyk_photo_is_shown_in_its_colours() -> None:
    cmyk = Image.fromarray(scene()).convert("CMYK")
    assert np.abs(read_photo(encoded(cmyk, "JPEG", quality=100)).astype(int) - scene()).mean() < 3


def test_of_an_animation_the_first_frame_counts() -> None:
    first = Image.fromarray(scene(seed=1)).quantize(128).convert("RGB")
    assert np.array_equal(read_photo(photo_cases.animated()), np.asarray(first))


@pytest.mark.parametrize(
    ("width", "height", "frame"),
    [
        (600, 450, Frame(0, 0, 600, 450)),
        (1600, 211, Frame((1600 - 211 * 4 / 3) / 2, 0, 211 * 4 / 3, 211)),
        (301, 533, Frame(0, (533 - 225.75) / 2, 301, 225.75)),
        (100, 75, Frame(0, 0, 100, 75)),
    ],
)
def test_the_frame_is_the_largest_of_its_shape_in_the_middle(width: int, height: int, frame: Frame) -> None:
    found = centred_frame(width, height)
    assert [found.x, found.y, found.width, found.height] == pytest.approx([frame.x, frame.y, frame.width, frame.height])


def test_a_photo_of_the_networks_size_is_left_as_it_is() -> None:
    assert np.array_equal(photo_to_pixels(encoded(scene(100, 75), "PNG")), scene(100, 75))


@pytest.mark.parametrize(("width", "height"), [(451, 337), (101, 76), (133, 100)])
def test_shrinking_is_the_exact_area_average(width: int, height: int) -> None:
    pixels = scene(width, height)[:, :, :1].repeat(3, axis=2)
    frame = centred_frame(width, height)
    shrunk = shrink(pixels, frame)
    step = Fraction(frame.width) / WIDTH_PX
    x0, y0 = Fraction(frame.x), Fraction(frame.y)
    for row, column in [(0, 0), (37, 50), (74, 99), (10, 88)]:  # in whole fractions, without any rounding
        total = Fraction(0)
        left, top = x0 + column * step, y0 + row * step
        for y in range(int(top), min(height, int(top + step) + 1)):
            for x in range(int(left), min(width, int(left + step) + 1)):
                covered_x = min(left + step, Fraction(x + 1)) - max(left, Fraction(x))
                covered_y = min(top + step, Fraction(y + 1)) - max(top, Fraction(y))
                total += covered_x * covered_y * int(pixels[y, x, 0])
        assert shrunk[row, column, 0] == int(total / step**2 + Fraction(1, 2))


def test_a_half_rounds_up() -> None:
    assert (photo_to_pixels(photo_cases.tie_heavy()) == 128).all()  # 127.5


def test_a_frame_elsewhere_sees_only_its_part() -> None:
    pixels = scene(480, 360)
    part = Frame(31, 17, 200, 150)
    assert np.array_equal(shrink(pixels, part), shrink(pixels[17:167, 31:231], Frame(0, 0, 200, 150)))


def test_a_large_photo_is_never_held_as_floats() -> None:
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    tracemalloc.start()
    try:
        shrink(pixels, centred_frame(4000, 3000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < pixels.nbytes  # as floats it would be eight times that


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="450"/>'


@pytest.mark.parametrize(
    ("photo", "problem", "remedy"),
    [
        (b"", "not a photo", "JPEG"),
        (b"just text, no photo at all", "not a photo", "JPEG"),
        (SVG, "not a photo", "JPEG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "not a photo", "HEIC"),
        (encoded(scene(), "TIFF"), "not a photo", "TIFF"),
        (turned(1)[: len(turned(1)) // 2], "damaged or incomplete", "again"),
        (turned(1)[:-10], "damaged or incomplete", "again"),
        (encoded(scene(), "PNG")[:-500], "damaged or incomplete", "again"),
        (encoded(scene(), "PNG")[:-12], "damaged or incomplete (its end is missing)", "again"),
        (encoded(scene(), "PNG")[:-5], "damaged or incomplete", "again"),
        (encoded(scene(), "WEBP")[:-500], "damaged or incomplete", "again"),
        (encoded(scene(99, 75), "PNG"), "too small (99 x 75 pixels", "closer"),
        (encoded(scene(100, 74), "PNG"), "too small (100 x 74 pixels", "closer"),
        (photo_cases.png_header(10_000, 10_000), "too large (100 megapixels", "smaller copy"),
        (photo_cases.png_header(100_000, 100_000), "too large (10000 megapixels", "smaller copy"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason_and_a_remedy(photo: bytes, problem: str, remedy: str) -> None:
    with pytest.raises(PhotoProblem) as caught:
        photo_to_pixels(photo)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_photo_at_the_limit_is_not_refused_for_its_size() -> None:
    with pytest.raises(PhotoProblem, match="damaged"):  # its header holds nothing
        read_photo(photo_cases.png_header(10_000, MAX_MEGAPIXELS * 100))


def test_a_damaged_photo_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mole.jpg"
    path.write_bytes(turned(1)[:2000])
    with pytest.raises(PhotoProblem, match=r"^mole\.jpg: "):
        photo_to_pixels(path)
    with pytest.raises(PhotoProblem, match=r"^gone\.jpg: No such file"):
        photo_to_pixels(tmp_path / "gone.jpg")
    with pytest.raises(PhotoProblem):
        photo_to_pixels(tmp_path)


def test_a_photo_is_the_same_from_its_path_and_from_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(turned(6))
    assert np.array_equal(photo_to_pixels(path), photo_to_pixels(turned(6)))
    assert np.array_equal(photo_to_pixels(str(path)), photo_to_pixels(path))
    assert io.BytesIO(turned(6)).read() == path.read_bytes()  # and the file is left as it was
