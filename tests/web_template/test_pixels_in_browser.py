"""The page's preprocessing against Python's, and its one way to files, in a real browser."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from builder.export.disk_copies import disk_copy_of, write_disk_copy
from builder.photo.frame import Pixels
from builder.photo.preprocess import photo_to_pixels
from builder.photo.size import HEIGHT_PX, MAX_MEGAPIXELS, WIDTH_PX, height_for
from tests.page import ROOT, write_page
from tests.photo_cases import encoded, scene

REAL_PHOTOS = sorted((ROOT.parent / "shared" / "data" / "photos").glob("*.jpg"))

OWN_SCRIPT = f"""
const smallest_frame = {{ width_px: {WIDTH_PX}, height_px: {HEIGHT_PX} }};
const limits = {{ photo_limits: {{ max_megapixels: {MAX_MEGAPIXELS}, smallest_frame }} }};
async function readPixels({{ width_px, height_px }} = smallest_frame) {{
  let picture;
  try {{
    picture = await Photo.read(document.querySelector("#photo").files[0], limits);
  }} catch (problem) {{
    if (!(problem instanceof Photo.Problem)) throw problem;
    return {{ code: problem.code, values: problem.values }};
  }}
  const frame = Pixels.centredFrame(picture.width, picture.height, width_px, height_px);
  const pixels = await Pixels.shrink(picture, frame, width_px, height_px);
  picture.close();
  return {{ pixels: btoa(String.fromCharCode(...pixels)) }};
}}
async function fetchBytes(url) {{
  const counts = [];
  const response = await Bytes.fetch(url, {{ onBytes: (count) => counts.push(count) }});
  return {{ counts, status: response.status, bytes: [...new Uint8Array(await response.arrayBuffer())] }};
}}
async function stripsOfHugePicture(width, height) {{
  const areas = [];
  const read = (x, y, w, h) => {{ areas.push(w * h); return new Uint8ClampedArray(w * h * 4).fill(77); }};
  const pixels = await Pixels.shrink({{ width, height, read }}, Pixels.centredFrame(width, height), 100, 75);
  return {{ largest: Math.max(...areas), total: areas.reduce((a, b) => a + b), values: [...new Set(pixels)] }};
}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site with spaces")
    write_page(folder, ["site/bytes", "photo/pixels", "photo/photo"], own_script=OWN_SCRIPT)
    return folder


@pytest.fixture(scope="module", params=["http", "disk"])
def page(request: pytest.FixtureRequest, browser: Browser, site: Path, serve: Callable[[Path], str]) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{serve(site)}/index.html" if request.param == "http" else (site / "index.html").as_uri())
    yield page
    page.close()


def choose(page: Page, photo: bytes, name: str = "photo.jpg", media_type: str = "image/jpeg") -> dict[str, object]:
    page.set_input_files("#photo", {"name": name, "mimeType": media_type, "buffer": photo})
    return dict(page.evaluate("readPixels()"))


def pixels_of(answer: dict[str, object]) -> Pixels:
    assert "pixels" in answer, answer
    return np.frombuffer(base64.b64decode(str(answer["pixels"])), dtype=np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)


@pytest.mark.parametrize("width_px", [160, 224])
@pytest.mark.parametrize("size", [(600, 450), (131, 100), (100, 75)])  # larger than the input, about as large, smaller
def test_a_network_that_sees_more_is_shown_the_same_pixels_too(
    page: Page, width_px: int, size: tuple[int, int]
) -> None:
    photo = encoded(scene(*size), "PNG")
    page.set_input_files("#photo", {"name": "photo.png", "mimeType": "image/png", "buffer": photo})
    input_px = {"width_px": width_px, "height_px": height_for(width_px)}
    answer = dict(page.evaluate("(size) => readPixels(size)", input_px))
    expected = photo_to_pixels(photo, width_px)
    assert expected.shape == (input_px["height_px"], width_px, 3)
    seen = np.frombuffer(base64.b64decode(str(answer["pixels"])), dtype=np.uint8).reshape(expected.shape)
    assert levels_between(seen, expected) == 0


def levels_between(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.skipif(not REAL_PHOTOS, reason="the real photos are not on this machine")
def test_the_page_sees_real_photos_as_python_does(page: Page) -> None:
    worst = [levels_between(pixels_of(choose(page, path.read_bytes())), photo_to_pixels(path)) for path in REAL_PHOTOS]
    assert max(worst) <= 1


def test_a_huge_photo_is_read_once_and_in_small_strips(page: Page) -> None:
    strips = page.evaluate("stripsOfHugePicture(6000, 4500)")
    assert strips["largest"] <= 6000 * 60  # what one row of the output covers: no strip can be smaller
    assert strips["total"] <= 1.05 * 6000 * 4500  # a row on the border of two strips is read twice
    assert strips["values"] == [77]


def test_bytes_are_the_same_over_http_and_from_disk(page: Page, site: Path) -> None:
    content = np.random.default_rng(3).integers(0, 256, 30_000, dtype=np.uint8).tobytes()
    folder = site / "model" / "näme 1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shard.bin").write_bytes(content)
    assert write_disk_copy(folder / "shard.bin", site) == disk_copy_of(folder / "shard.bin") == folder / "shard.bin.js"
    answer = page.evaluate("fetchBytes('model/näme 1/shard.bin')")
    assert bytes(answer["bytes"]) == content
    assert answer["status"] == 200
    assert answer["counts"] == sorted(answer["counts"])
    assert answer["counts"][-1] == len(content)


def test_an_empty_file_is_no_error(page: Page, site: Path) -> None:
    (site / "empty.bin").write_bytes(b"")
    write_disk_copy(site / "empty.bin", site)
    assert page.evaluate("fetchBytes('empty.bin')")["bytes"] == []


def test_a_missing_file_is_named(page: Page) -> None:
    said = page.evaluate("fetchBytes('model/gone.bin').catch((error) => error.message)")
    assert "gone.bin" in said


def test_a_twin_that_holds_another_file_is_refused(page: Page, site: Path) -> None:
    (site / "one.bin").write_bytes(b"one")
    (site / "two.bin").write_bytes(b"two")
    write_disk_copy(site / "one.bin", site).rename(disk_copy_of(site / "two.bin"))
    said = page.evaluate("fetchBytes('two.bin').catch((error) => error.message)")
    if page.url.startswith("file:"):
        assert "two.bin.js" in said
    else:
        assert bytes(said["bytes"]) == b"two"


def test_a_lost_connection_is_tried_again_and_then_named(
    browser: Browser, site: Path, serve: Callable[..., str]
) -> None:
    (site / "far.bin").write_bytes(b"far")
    page = browser.new_page()
    page.clock.install()  # the waits between the tries
    page.goto(f"{serve(site)}/index.html")
    asked: list[str] = []

    def fail_at_first(route: Route) -> None:
        asked.append(route.request.url)
        route.abort() if len(asked) != 2 else route.continue_()

    page.route("**/far.bin", fail_at_first)
    page.evaluate("fetchBytes('far.bin').then((file) => { globalThis.first = file; })")
    pass_time_until(page, "globalThis.first")
    assert bytes(page.evaluate("first")["bytes"]) == b"far"
    page.evaluate("fetchBytes('far.bin').catch((error) => { globalThis.said = [error.code, error.message]; })")
    pass_time_until(page, "globalThis.said")
    assert page.evaluate("said") == ["connection-lost", "The connection was lost while loading far.bin."]
    assert len(asked) > 5
    page.close()


def pass_time_until(page: Page, condition: str) -> None:
    """Let a minute pass on the page's clock, in seconds, until the condition holds."""
    for _ in range(60):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.clock.run_for(1000)
    raise AssertionError(f"{condition} did not come about")
