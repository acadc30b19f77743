"""Hostile files: 300 made from real ones, cut, bent, renamed, huge and tiny. Each gets a word, none stops the page."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from builder.classes import CODES
from tests.conftest import Build
from tests.photo_cases import png_header
from tests.visiting import answer, choose, png, spot_photo, visit

FILES = 300
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300">'
    b'<script>window.hostile = true; fetch("https://example.org/")</script><rect width="400" height="300"/></svg>'
)
GOOD = png(spot_photo(400, 300))
# No file may keep the page longer than this. Machines differ: the limit is as much longer as good photos take.
LIMIT_MS = 5000
GOOD_PHOTO_MS = 300  # about what one takes in a table on two processors

# Notes how long each row of the table waited for its word, in the rows' order.
WATCH = """() => {
  const rows = document.querySelector("#collection tbody");
  const words = JSON.parse(document.querySelector("#words").textContent);
  const isTold = ({ textContent }) => textContent !== words["table.waiting"];
  let told = 0, since = 0;
  window.waits = [];
  new MutationObserver(() => {
    const now = performance.now();
    const count = [...rows.querySelectorAll("[data-column=kind]")].filter(isTold).length;
    if (count > told) waits.push(now - since);
    if (count > told || count === 0) since = now;
    told = count;
  }).observe(rows, { childList: true, subtree: true });
}"""


def real_files() -> list[bytes]:
    image = Image.fromarray(spot_photo(400, 300))
    files = []
    for file_format in FORMATS:
        file = io.BytesIO()
        image.save(file, file_format)
        files.append(file.getvalue())
    animation = io.BytesIO()
    image.save(animation, "GIF", save_all=True, append_images=[image.rotate(90), image.rotate(180)])
    return [*files, animation.getvalue()]


@functools.cache
def hostile_files() -> list[bytes]:
    """The same files at every run: by turns cut off, with bits flipped, with bytes lost, or two glued together."""
    random = np.random.default_rng(5)
    real = real_files()
    files = [
        b"", b"\0", b"GIF89a", b"\xff\xd8\xff", SVG, b"<html><script>window.hostile = true</script>",
        b"\x89PNG\r\n\x1a\n" + SVG, real[0] + SVG, b"GIF89a/*" + SVG, b"PK\3\4" + real[1], SVG + real[0],
        png_header(60_000, 60_000), png_header(1, 1), png_header(0, 0), png(spot_photo(1, 1, radius=0)),
        png(spot_photo(99, 74, radius=0)), png(spot_photo(5000, 3, radius=0)),
    ]  # fmt: skip
    while len(files) < FILES:
        file = bytearray(real[len(files) % len(real)])
        way = len(files) // len(real) % 4
        at = int(random.integers(1, len(file)))
        if way == 0:
            file = file[:at]
        elif way == 1:
            for place in random.integers(0, len(file), 20):
                file[place] ^= 1 << int(random.integers(8))
        elif way == 2:
            del file[at : at + int(random.integers(1, 400))]
        else:
            file = file[:at] + bytearray(real[int(random.integers(len(real)))])
        files.append(bytes(file))
    return files


@pytest.fixture(scope="module")
def page(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site) as page:
        yield page


def waits_of(page: Page, *photos: bytes) -> list[float]:
    """Have the photos answered in a table; how long each took in the page, in milliseconds."""
    page.evaluate("waits.length = 0")
    choose(page, *photos)
    page.wait_for_selector("main[data-state=result]")
    waits = list(page.evaluate("waits"))
    assert len(waits) == len(photos)
    return waits


def test_every_hostile_file_gets_a_word_in_time_and_the_next_good_photo_its_answer(page: Page) -> None:
    expected = answer(page, GOOD)
    page.evaluate(WATCH)
    limit_ms = LIMIT_MS * max(1, *(wait / GOOD_PHOTO_MS for wait in waits_of(page, *[GOOD] * 5)))
    files = hostile_files()
    late: list[bytes] = []
    for start in range(0, len(files), 50):
        batch = files[start : start + 50]
        waits = waits_of(page, *batch, GOOD)
        late += [file for file, wait in zip(batch, waits, strict=False) if wait > limit_ms]
        told = page.locator("#collection tbody tr").evaluate_all(
            "rows => rows.map(row => row.querySelector('[data-column=kind]').textContent)"
        )
        assert len(told) == len(batch) + 1
        for text in told:
            assert len(text) > 5 and "waiting" not in text and "undefined" not in text and "went wrong" not in text
        assert page.locator("#collection tbody tr").last.locator("[data-column=probability]").is_visible()
    # A file that hangs the page does so every time; a machine that was busy with something else does not.
    for file in late:
        assert waits_of(page, file, GOOD)[0] <= limit_ms, file[:40]
    assert answer(page, GOOD) == pytest.approx(expected, abs=1e-6)
    assert page.evaluate("window.hostile") is None


@pytest.mark.parametrize("number", range(11))
def test_a_hostile_file_alone_is_refused_in_words_and_the_page_goes_on(page: Page, number: int) -> None:
    choose(page, hostile_files()[number])
    page.wait_for_selector("main[data-state=error], main[data-state=result]")
    if page.get_attribute("main", "data-state") == "error":
        assert len(page.inner_text("[role=alert]")) > 30
    assert sorted(answer(page, GOOD)) == sorted(CODES)
    assert page.inner_text("[role=alert]") == ""
