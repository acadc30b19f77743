"""The heat map: what it is made of, that it points at the lesion, and that the page draws the same one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from builder.data.demo.draw import draw_demo_photo
from builder.data.store import load_photos
from builder.export.layers_model import load_layers_model
from builder.network import build_network
from builder.predict.grad_cam import describe_grad_cam, grad_cam
from builder.predict.ood_detector import cells_of, detector_of
from builder.predict.trained import predict
from builder.split import load_parts
from tests.conftest import Build
from tests.page import write_page

Pixels = NDArray[np.uint8]

COMPARED_PHOTOS = 3  # each takes seconds on a graphics card played by the processor
OWN_SCRIPT = """
let network;
async function load(name) {
  Backend.prefer(new URLSearchParams(location.search).get("backend"));
  network = await Network.load(`model/${name}`);
  return network.backendName;
}
async function ask(base64, classIndex) {
  const pixels = Base64.decode(base64);
  const tensorsBefore = tf.memory().numTensors;
  const { probabilities, scope } = await network.classify(pixels);
  const { width, height, values } = await network.explain(pixels, classIndex);
  const leaked = tf.memory().numTensors - tensorsBefore;
  return { probabilities: [...probabilities], scope, width, height, values: [...values], leaked };
}
"""


def test_the_cells_of_the_last_convolution_lie_where_its_windows_are() -> None:
    facts = describe_grad_cam(build_network("cnn"))
    assert (facts["features"], facts["logits"]) == ("max_pooling2d_1", "dense_1")
    # A valid convolution begins one pixel in, pooling doubles the step, the next valid one begins one step further.
    assert (facts["top_px"], facts["left_px"], facts["step_px"]) == (3, 3, 4)


def test_a_map_lies_over_what_speaks_for_the_class() -> None:
    network = build_network("cnn", seed=5)
    photo = draw_demo_photo(0, 7).pixels
    heat = grad_cam(network, photo[None], np.array([2]))[0]
    assert heat.shape == (75, 100)
    assert heat.min() >= 0 and heat.max() == pytest.approx(1)


@pytest.fixture(scope="module", params=["compact", "cnn"])
def network(request: pytest.FixtureRequest, demo_build: Build) -> Any:
    return load_layers_model(demo_build.site / "model" / request.param)


@pytest.fixture(scope="module")
def test_photos(demo_build: Build) -> list[tuple[Pixels, NDArray[np.bool_]]]:
    """The demo build's test photos, each with where its lesion is."""
    data, split = (demo_build.latest(stage) for stage in ("data", "split"))
    table, seed = load_photos(data), demo_build.report["config"]["demo"]["seed"]
    photos = []
    for row in load_parts(split)["test"][:150]:
        drawn = draw_demo_photo(int(table.image_ids[row].removeprefix("demo_")), seed)
        assert (drawn.pixels == table.pixels[row]).all()
        photos.append((drawn.pixels, drawn.mask))
    return photos


def test_the_hottest_place_is_on_the_lesion(network: Any, test_photos: list[tuple[Pixels, NDArray[np.bool_]]]) -> None:
    """The pointing game (Zhang and others, ECCV 2016)."""
    pixels = np.stack([photo for photo, _ in test_photos])
    heat = grad_cam(network, pixels, predict(network, pixels).argmax(axis=1))
    hits = [mask.ravel()[warmth.argmax()] for warmth, (_, mask) in zip(heat, test_photos, strict=True)]
    lesion_share = np.mean([mask.mean() for _, mask in test_photos])
    assert lesion_share < 0.4  # or hitting it would be no feat
    # A network that has learned looks at the lesion. After its five epochs the origin's has learned more or less, on
    # each kind of processor something else (a mole it may tell by its clear skin): it looks there more than by chance.
    assert np.mean(hits) >= (0.9 if network.name == "compact" else 2 * lesion_share)


@pytest.fixture(scope="module", params=["wasm", "webgl", "cpu"])
def page(
    request: pytest.FixtureRequest,
    browser: Browser,
    demo_build: Build,
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[[Path], str],
) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("explain")
    write_page(folder, ["site/base64", "network/backend", "network/network"], own_script=OWN_SCRIPT, tensorflow=True)
    (folder / "model").symlink_to(demo_build.site / "model")
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{serve(folder)}/index.html?backend={request.param}")
    yield page
    page.close()


def test_every_backend_answers_and_explains_as_python_does(
    page: Page, network: Any, demo_build: Build, test_photos: list[tuple[Pixels, NDArray[np.bool_]]]
) -> None:
    card = json.loads((demo_build.site / "model" / network.name / "card.json").read_text(encoding="utf-8"))
    assert page.evaluate("(name) => load(name)", network.name) in page.url
    detector = detector_of(card["judgement"]["scope"])
    pixels = np.stack([photo for photo, _ in test_photos[:COMPARED_PHOTOS]])
    probabilities = predict(network, pixels)
    ood_scores = detector.score(cells_of(network, detector.looked_at, pixels))
    heat = grad_cam(network, pixels, probabilities.argmax(axis=1))
    for photo, expected, ood_score, warmth in zip(pixels, probabilities, ood_scores, heat, strict=True):
        encoded = base64.b64encode(photo.tobytes()).decode()
        told = page.evaluate("([pixels, kind]) => ask(pixels, kind)", [encoded, int(expected.argmax())])
        assert told["probabilities"] == pytest.approx(expected, abs=1e-3)
        assert told["scope"] == pytest.approx(ood_score, abs=1e-3)
        assert (told["width"], told["height"]) == (100, 75)
        assert np.abs(np.array(told["values"]) - warmth.ravel()).max() < 1e-3
        assert told["leaked"] == 0
