"""The network without colour in the page: the same page, the same photo, and its own answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from builder.data.demo.draw import draw_demo_photos
from builder.export.disk_copies import write_disk_copy
from builder.export.layers_model import load_layers_model
from builder.export.shards import write_model
from builder.export.stage import describe_model
from builder.network import Network, build_network
from builder.network.grayscale import LUMA
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.ood_detector import cells_of, detector_layers, fit_detector
from builder.predict.trained import predict
from builder.site.messages import classes_in_english
from tests.small_site import write_small_site
from tests.web_template.test_network_in_browser import JUDGEMENT, in_base64

DRAWN = np.stack([photo.pixels for photo in draw_demo_photos(12, seed=21)])
TOLERANCE = 0.001  # of a probability, what any backend may differ from Python

ASK = """
async ([folder, pixels]) => {
  const network = await Engine.load(folder);
  const answers = [];
  for (const photo of pixels) answers.push([...(await network.classify(Base64.decode(photo))).probabilities]);
  return { card: network.card, backend: network.backendName, answers };
}
"""


def export(name: str, site: Path) -> Network:
    """Put an untrained network into the site as the build would; returns it as it was stored."""
    folder = site / "model" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_model(fold_batch_norm(build_network(name, seed=3)), "uint8", folder)
    stored = load_layers_model(folder)
    layers = detector_layers(stored)
    cells = cells_of(stored, layers, DRAWN)
    detector = fit_detector(layers, cells, cells, refused=(0.02, 0.01))
    card = describe_model(stored, "mixed", folder, {**JUDGEMENT, "scope": detector.as_dict()}, classes_in_english())
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    for file in sorted(folder.iterdir()):
        write_disk_copy(file, site)
    return stored


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def networks(site: Path) -> dict[str, Network]:
    return {name: export(name, site) for name in ("compact", "grayscale")}


@pytest.fixture(params=["http", "disk"])
def page(request: pytest.FixtureRequest, site: Path, serve: Callable[[Path], str], browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{serve(site)}/index.html" if request.param == "http" else (site / "index.html").as_uri())
    yield page
    context.close()


def ask(page: Page, name: str, photos: NDArray[np.uint8]) -> dict[str, Any]:
    told: dict[str, Any] = page.evaluate(ASK, [f"model/{name}", [in_base64(photo) for photo in photos]])
    return told


def in_grey(photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = (photos @ np.array(LUMA)).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def test_the_page_gives_its_answers_over_http_and_from_disk(page: Page, networks: dict[str, Network]) -> None:
    told = ask(page, "grayscale", DRAWN[:4])
    expected = predict(networks["grayscale"], DRAWN[:4])
    assert told["backend"] == "wasm"
    assert np.abs(np.array(told["answers"]) - expected).max() < TOLERANCE
    assert np.ptp(expected, axis=0).max() > 10 * TOLERANCE, "the photos differ, so the answers must"


def test_the_page_gives_it_the_same_coloured_photo_and_it_sees_no_colour(
    page: Page, networks: dict[str, Network]
) -> None:
    colour, grey = ({name: ask(page, name, photos) for name in networks} for photos in (DRAWN[:2], in_grey(DRAWN[:2])))
    assert colour["grayscale"]["card"]["input"] == colour["compact"]["card"]["input"]
    change = {
        name: np.abs(np.array(colour[name]["answers"]) - np.array(grey[name]["answers"])).max() for name in networks
    }
    assert change["grayscale"] < TOLERANCE < change["compact"], change
