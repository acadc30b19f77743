"""A visitor's journey, from opening the page to answers that were kept, the same in every engine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.classes import CODES
from builder.data.demo.draw import draw_demo_photos
from builder.export.layers_model import load_layers_model
from builder.photo.preprocess import photo_to_pixels
from builder.predict.grad_cam import grad_cam
from builder.predict.trained import predict
from tests.conftest import Build
from tests.engines.conftest import offered, served
from tests.engines.engine import Engine

MOST_APART = 0.001  # between a probability in Python and on the page
LAID_OVER = ((0, 10), (4, 9), (3, 11))  # unlike kinds
STATE = "document.querySelector('main').dataset.state"
LOADED = f"{STATE} === 'ready'"
ROWS = "Array.from(document.querySelectorAll('[data-code]'), ({ dataset }) => [dataset.code, dataset.probability])"
SEVERAL = "document.querySelectorAll('#collection tbody tr').length"
KEPT_ROWS = "document.querySelectorAll('#history tbody tr').length"
KEPT_NAMES = "Array.from(document.querySelectorAll('#history .photo-row__name'), (name) => name.innerText)"
DATABASES = "indexedDB.databases().then((all) => all.filter(({ name }) => name.includes('history')).length)"
HEAT = """(() => {
  const heat = document.querySelector("#heat");
  if (heat.hidden || !heat.width) return null;
  const { data } = heat.getContext("2d").getImageData(0, 0, heat.width, heat.height);
  return btoa(String.fromCharCode(...data.filter((_, i) => i % 4 === 3)));
})()"""
IS_OFFLINE_READY = """(async () => {
  const networks = (await caches.keys()).filter((name) => name.startsWith("network "));
  const kept = await Promise.all(networks.map(async (name) => (await (await caches.open(name)).keys()).length));
  // The files of the network that answers first, and a note of what computes fastest.
  return kept[0] === FILES + 1 && Boolean((await navigator.serviceWorker.getRegistration())?.active);
})()"""


@dataclass(frozen=True)
class Told:
    """What Python says of a photo: the probability of each kind, and the heat map for the first of them."""

    photo: Path
    probabilities: dict[str, float]
    heat: NDArray[np.float64]


@pytest.fixture(scope="session")
def told(demo_build: Build, tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Three drawn photos of two lesions each, laid over one another: a network that is sure hides small differences."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = [photo.pixels.astype(int) for photo in draw_demo_photos(12, seed=99, width_px=200, height_px=150)]
    files = [folder / name for name in ("exact.png", "turned.jpg", "plain.webp")]
    for (one, other), file in zip(LAID_OVER, files, strict=True):
        image, exif = Image.fromarray(((drawn[one] + drawn[other]) // 2).astype(np.uint8)), Image.Exif()
        if file.stem == "turned":
            image, exif[0x0112] = image.transpose(Image.Transpose.ROTATE_90), 6  # "turn by 90 degrees clockwise"
        image.save(file, quality=90, exif=exif)
    network = load_layers_model(demo_build.site / "model" / demo_build.first_network)
    pixels = np.stack([photo_to_pixels(file) for file in files])
    probabilities = predict(network, pixels)
    heat = grad_cam(network, pixels, probabilities.argmax(axis=1))
    rows = [dict(zip(CODES, map(float, row), strict=True)) for row in probabilities]
    return [Told(*each) for each in zip(files, rows, heat, strict=True)]


@pytest.fixture(params=["http", "disk"])
def page(request: pytest.FixtureRequest, engine: Engine, demo_build: Build) -> Iterator[Engine]:
    """The page with its network loaded; fails if the page reports an error of its own."""
    with offered(demo_build.site, request.param) as address:
        enter(engine, f"{address}index.html")
        yield engine
        assert engine.errors() == []


def enter(engine: Engine, address: str) -> None:
    engine.goto(address)
    engine.wait_for(LOADED)


def answer(page: Engine, *photos: Path) -> None:
    page.choose(*photos)
    settle(page)


def settle(page: Engine) -> None:
    page.wait_for(f"['result', 'error'].includes({STATE})")
    assert page.evaluate(STATE) == "result", page.evaluate("document.querySelector('[role=alert]').innerText")


def rows(page: Engine) -> dict[str, float]:
    return {code: float(probability) for code, probability in page.evaluate(ROWS)}


def test_a_photo_gets_the_answer_that_python_gives(page: Engine, told: list[Told]) -> None:
    over_http = page.evaluate("location.protocol === 'http:'")
    assert page.evaluate("typeof tf === 'undefined'") == over_http  # over http it runs in a worker
    for each in told:
        answer(page, each.photo)
        assert rows(page) == pytest.approx(each.probabilities, abs=MOST_APART)


def test_several_photos_get_a_row_each_that_opens_the_answer_python_gives(page: Engine, told: list[Told]) -> None:
    answer(page, *(each.photo for each in told))
    assert page.evaluate(SEVERAL) == len(told)
    for number, each in enumerate(told, start=1):
        row = f"#collection tbody tr:nth-child({number})"
        assert page.evaluate(f"document.querySelector('{row} .photo-row__name').innerText") == each.photo.name
        page.click(f"{row} [data-does=open]")
        page.wait_for(f"document.querySelector('{row} [aria-current=true]') && {STATE} === 'result'")
        assert rows(page) == pytest.approx(each.probabilities, abs=MOST_APART)


def test_the_heat_map_is_the_one_that_python_draws(page: Engine, told: list[Told]) -> None:
    answer(page, told[0].photo)
    page.click("#heat-switch")
    page.wait_for(f"{HEAT} !== null")
    drawn = np.frombuffer(base64.b64decode(page.evaluate(HEAT)), dtype=np.uint8)
    assert np.abs(drawn / 255 - told[0].heat.ravel()).max() < 0.01
    page.click("#heat-switch")
    assert page.evaluate(HEAT) is None


def test_answers_are_kept_on_the_device_if_wanted_and_deleted_in_one_tap(page: Engine, told: list[Told]) -> None:
    address = page.evaluate("location.href")
    assert page.evaluate(DATABASES) == 0
    page.click("#history-switch")
    for number, each in enumerate(told[:2], start=1):
        answer(page, each.photo)
        page.wait_for(f"{KEPT_ROWS} === {number}")
    enter(page, address)
    page.wait_for(f"{KEPT_ROWS} === 2")
    assert page.evaluate(KEPT_NAMES) == [told[1].photo.name, told[0].photo.name]  # the newest stands on top
    page.click("#history tbody tr:nth-child(2) [data-does=open]")
    settle(page)
    assert rows(page) == pytest.approx(told[0].probabilities, abs=MOST_APART)
    page.click("#history-delete")
    page.wait_for("document.querySelector('#history-content').hidden")
    enter(page, address)
    assert page.evaluate(KEPT_ROWS) == page.evaluate(DATABASES) == 0
    # The switch was left on, for what comes.
    page.click("#history-switch")
    page.wait_for("localStorage.length === 0")


def test_in_arabic_the_page_runs_from_right_to_left_and_answers_the_same(page: Engine, told: list[Told]) -> None:
    enter(page, page.evaluate("new URL('ar/index.html', location.href).href"))
    answer(page, told[0].photo)
    assert rows(page) == pytest.approx(told[0].probabilities, abs=MOST_APART)
    assert page.evaluate("document.documentElement.lang") == "ar"
    assert page.evaluate("getComputedStyle(document.querySelector('#answer')).direction") == "rtl"
    # The name of a kind stands right of its share.
    left_of = "document.querySelector('.kind__{}').getBoundingClientRect().left"
    assert page.evaluate(f"{left_of.format('name')} > {left_of.format('percent')}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_after_one_visit_photos_are_answered_without_a_network(
    engine: Engine, demo_build: Build, told: list[Told]
) -> None:
    files = demo_build.report["networks"][demo_build.first_network]["export"]["files"]
    with served(demo_build.site) as address:
        enter(engine, f"{address}index.html")
        engine.wait_for(IS_OFFLINE_READY.replace("FILES", str(files)))
    enter(engine, f"{address}index.html")
    answer(engine, *(each.photo for each in told))
    assert engine.evaluate(SEVERAL) == len(told)
    answer(engine, told[0].photo)
    assert rows(engine) == pytest.approx(told[0].probabilities, abs=MOST_APART)
    assert engine.errors() == []
