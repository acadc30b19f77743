"""Another engine: the page in Firefox, from the pixels to the answer, over http, from disk and without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from builder.data.demo import draw_demo_photos
from builder.preprocess import Pixels, photo_to_pixels
from builder.serve import SUB_PATH, make_server
from tests import photo_cases
from tests.conftest import Build, run_build_py
from tests.firefox import Firefox, find_firefox, started
from tests.page import write_page
from tests.photo_cases import PHOTO_CASES
from tests.test_pixels_in_browser import OWN_SCRIPT, levels_between, pixels_of

# Firefox draws the colours of AVIF a little differently, and takes gamma into sRGB in 8 bits, which shows in the dark.
LEVELS = {"AVIF": 8, "EXIF orientation 6 in AVIF": 8, "PNG of gamma 1": 8}
STATE = "document.querySelector('main').dataset.state"
ROWS = "Array.from(document.querySelectorAll('[data-code]'), ({ dataset }) => [dataset.code, dataset.probability])"
KEPT = """(async () => {
  const networks = (await caches.keys()).filter((name) => name.startsWith("network "));
  const kept = await Promise.all(networks.map(async (name) => (await (await caches.open(name)).keys()).length));
  // The files of the network that answers first, and a note of what computes fastest.
  return kept[0] === {FILES} + 1 && Boolean((await navigator.serviceWorker.getRegistration())?.active);
})()"""

IS_PAINTED = """(() => {
  const heat = document.querySelector("#heat");
  const { data } = heat.getContext("2d").getImageData(0, 0, heat.width || 1, heat.height || 1);
  return !heat.hidden && data.some((value) => value > 0);
})()"""


@pytest.fixture(scope="module")
def firefox(pytestconfig: pytest.Config) -> Iterator[Firefox]:
    program = find_firefox()
    if program is None and pytestconfig.getoption("firefox"):
        pytest.fail("there is no Firefox on this machine")
    if program is None:
        pytest.skip("there is no Firefox on this machine")
    with started(program) as firefox:
        yield firefox


@pytest.fixture(scope="module")
def bare_page(firefox: Firefox, tmp_path_factory: pytest.TempPathFactory) -> Firefox:
    """A page that reads photos and does nothing more."""
    folder = tmp_path_factory.mktemp("bare page")
    write_page(folder, ["bytes", "pixels", "photo"], own_script=OWN_SCRIPT)
    firefox.goto((folder / "index.html").as_uri())
    return firefox


@pytest.mark.parametrize("name", PHOTO_CASES)
def test_firefox_sees_the_same_pixels_as_python(bare_page: Firefox, tmp_path: Path, name: str) -> None:
    case = PHOTO_CASES[name]
    photo = tmp_path / "notes.txt"
    photo.write_bytes(photo_cases.photo_of(case))
    bare_page.choose(photo)
    seen: Pixels = pixels_of(bare_page.evaluate("readPixels()"))
    assert levels_between(seen, photo_to_pixels(photo)) <= LEVELS.get(name, case.levels)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two drawn photos of unlike kinds, of the network's own size: no frame but the largest fits in."""
    folder = tmp_path_factory.mktemp("photos")
    kinds = {photo.code: photo.pixels for photo in draw_demo_photos(12, seed=99)}
    files = [folder / "photo.png", folder / "photo.jpg"]
    for pixels, file in zip(kinds.values(), files, strict=False):
        Image.fromarray(pixels).save(file, quality=90)
    return files


@pytest.fixture(scope="module")
def told(demo_build: Build, photos: list[Path]) -> list[dict[str, float]]:
    """What the terminal says of the photos."""
    done = run_build_py("--site", demo_build.site, "predict", "--json", *photos)
    return [row["probabilities"] for row in json.loads(done.stdout)["photos"]]


def answer(firefox: Firefox, photo: Path) -> dict[str, float]:
    firefox.choose(photo)
    firefox.wait_for(f"['result', 'error'].includes({STATE})")
    assert firefox.evaluate(STATE) == "result", firefox.evaluate("document.querySelector('[role=alert]').innerText")
    return {code: float(probability) for code, probability in firefox.evaluate(ROWS)}


def test_firefox_answers_as_the_terminal_does_over_http_and_then_without_a_network(
    firefox: Firefox, demo_build: Build, photos: list[Path], told: list[dict[str, float]]
) -> None:
    firefox.errors.clear()
    with make_server(demo_build.site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}{SUB_PATH}index.html"
        firefox.goto(address)
        firefox.wait_for(f"{STATE} === 'ready'")
        assert firefox.evaluate("typeof tf") == "undefined"  # it runs in a worker
        for photo, expected in zip(photos, told, strict=True):
            assert answer(firefox, photo) == pytest.approx(expected, abs=0.001)
        files = demo_build.report["networks"][demo_build.first_network]["export"]["files"]
        firefox.wait_for(KEPT.replace("{FILES}", str(files)))
        server.shutdown()
    firefox.goto(address)
    firefox.wait_for(f"{STATE} === 'ready'")
    assert answer(firefox, photos[0]) == pytest.approx(told[0], abs=0.001)
    assert firefox.errors == []


def test_firefox_answers_as_the_terminal_does_from_disk_and_shows_what_was_looked_at(
    firefox: Firefox, demo_build: Build, photos: list[Path], told: list[dict[str, float]]
) -> None:
    firefox.errors.clear()
    firefox.goto((demo_build.site / "index.html").as_uri())
    firefox.wait_for(f"{STATE} === 'ready'")
    for photo, expected in zip(photos, told, strict=True):
        assert answer(firefox, photo) == pytest.approx(expected, abs=0.001)
    firefox.evaluate("document.querySelector('#heat-switch').click()")
    firefox.wait_for(IS_PAINTED)
    assert firefox.errors == []
