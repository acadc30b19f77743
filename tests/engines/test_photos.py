"""Photo files of every kind, whole and broken, in every engine: the same pixels as Python's, or the same reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.photo.preprocess import photo_to_pixels
from builder.photo.size import HEIGHT_PX, MAX_MEGAPIXELS, WIDTH_PX
from tests import photo_cases
from tests.engines.differences import DIFFERENCES, Difference
from tests.engines.engine import Engine
from tests.page import write_page
from tests.photo_cases import PHOTO_CASES, encoded, png_header, scene, turned
from tests.web_template.test_pixels_in_browser import OWN_SCRIPT, levels_between, pixels_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="450"/>'
PNG = encoded(scene(), "PNG")
FLIPPED_BYTE = bytes([*PNG[: len(PNG) // 2], PNG[len(PNG) // 2] ^ 255, *PNG[len(PNG) // 2 + 1 :]])

LEAST = {"leastWidth": WIDTH_PX, "leastHeight": HEIGHT_PX}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that reads photos and does nothing more."""
    folder = tmp_path_factory.mktemp("bare page")
    write_page(folder, ["site/bytes", "photo/pixels", "photo/photo"], own_script=OWN_SCRIPT)
    return folder


@pytest.fixture(scope="module", params=["http", "disk"])
def page(request: pytest.FixtureRequest, engine: Engine, folder: Path, serve: Callable[[Path], str]) -> Engine:
    engine.goto(f"{serve(folder) if request.param == 'http' else folder.as_uri()}/index.html")
    return engine


def look(page: Engine, photo: bytes, file: Path) -> dict[str, object]:
    file.write_bytes(photo)
    page.choose(file)
    return dict(page.evaluate("readPixels()"))


@pytest.mark.parametrize("name", PHOTO_CASES)
def test_the_page_sees_the_same_pixels_as_python(page: Engine, tmp_path: Path, name: str) -> None:
    case = PHOTO_CASES[name]
    photo = photo_cases.photo_of(case)
    # The name, from which comes the type, is wrong on purpose: the file's own first bytes count.
    answer = look(page, photo, tmp_path / "notes.txt")
    difference = DIFFERENCES.get((page.name, name))
    if difference:
        check_difference(difference, answer, photo, case.levels)
    else:
        assert levels_between(pixels_of(answer), photo_to_pixels(photo)) <= case.levels


def check_difference(difference: Difference, answer: dict[str, object], photo: bytes, levels: int) -> None:
    """The answer is as it is stated; a difference that is gone is to be struck off."""
    if difference.code:
        assert answer == {"code": difference.code, "values": {}}
        return
    apart = levels_between(pixels_of(answer), photo_to_pixels(photo))
    assert apart > levels, "no difference any more"
    if difference.sees:
        assert levels_between(pixels_of(answer), photo_to_pixels(difference.sees())) <= levels
    else:
        assert difference.levels and apart <= difference.levels


@pytest.mark.parametrize(
    ("photo", "code", "values"),
    [
        pytest.param(b"", "not-an-image", {}, id="empty"),
        pytest.param(b"just text, no photo at all", "not-an-image", {}, id="text"),
        pytest.param(b"BMW is not a bitmap, whatever its first letters", "not-an-image", {}, id="BM"),
        pytest.param(SVG, "not-an-image", {}, id="SVG"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "unreadable-format", {"format": "HEIC"}, id="HEIC"),
        pytest.param(encoded(scene(), "TIFF"), "unreadable-format", {"format": "TIFF"}, id="TIFF"),
        pytest.param(turned(1)[: len(turned(1)) // 2], "broken", {}, id="half a JPEG"),
        pytest.param(turned(1)[:-10], "broken", {}, id="JPEG without its last bytes"),
        pytest.param(PNG[:-500], "broken", {}, id="PNG cut off"),
        pytest.param(PNG[:-12], "broken", {}, id="PNG without its closing chunk"),
        pytest.param(PNG[:-5], "broken", {}, id="PNG cut off in its closing chunk"),
        pytest.param(FLIPPED_BYTE, "broken", {}, id="PNG with a wrong byte"),
        pytest.param(encoded(scene(), "WEBP")[:-500], "broken", {}, id="WebP cut off"),
        pytest.param(encoded(scene(), "WEBP")[:-1], "broken", {}, id="WebP without its last byte"),
        pytest.param(encoded(scene(), "GIF")[:-500], "broken", {}, id="GIF cut off"),
        pytest.param(encoded(scene(), "BMP")[:-500], "broken", {}, id="BMP cut off"),
        pytest.param(encoded(scene(), "AVIF")[:-300], "broken", {}, id="AVIF cut off"),
        pytest.param(turned(1)[:-2], "broken", {}, id="JPEG without its closing marker"),
        pytest.param(encoded(np.zeros((300, 400, 4), np.uint8), "PNG"), "broken", {}, id="PNG without anything to see"),
        pytest.param(encoded(scene(99, 75), "PNG"), "too-small", {"width": 99, "height": 75, **LEAST}, id="99 x 75"),
        pytest.param(encoded(scene(300, 70), "PNG"), "too-small", {"width": 300, "height": 70, **LEAST}, id="300 x 70"),
        # It holds no pixels at all: had it been decoded, it would be "broken".
        pytest.param(
            png_header(10_000, 10_000), "too-large", {"megapixels": 100, "most": MAX_MEGAPIXELS}, id="100 megapixels"
        ),
    ],
)
def test_a_bad_file_is_named_and_the_next_photo_still_works(
    page: Engine, tmp_path: Path, photo: bytes, code: str, values: dict[str, Any]
) -> None:
    assert look(page, photo, tmp_path / "photo.jpg") == {"code": code, "values": values}
    answer = look(page, PNG, tmp_path / "photo.png")
    assert levels_between(pixels_of(answer), photo_to_pixels(PNG)) == 0
