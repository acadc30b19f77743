"""How the page loads a network and chooses what computes it, with a network small enough to check by hand."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from builder.classes import CLASSES
from builder.data.demo.draw import draw_demo_photos
from builder.export.disk_copies import write_disk_copy
from builder.photo.size import HEIGHT_PX, MAX_MEGAPIXELS, WIDTH_PX
from builder.predict.ood_detector import Detector, fit_detector
from builder.site.messages import classes_in_english
from tests.page import write_page

CELL_PX = 5
SELF_TEST_SEEDS = (1, 2, 7)
INPUTS = HEIGHT_PX * WIDTH_PX * 3
SHARDS = ("group1-shard1of2.bin", "group1-shard2of2.bin")
# What the page judges by, but for scope: of no interest where answers are only counted.
JUDGEMENT: dict[str, Any] = {
    "operating_point": {"threshold": 0.5, "sensitivity": None, "specificity": None},
    "sureness": [{"level": "not-sure", "from": 0.0, "right_of_100": None}],
    "quality": {
        "lowest_sharpness": 0.0,
        "lowest_brightness": 0.0,
        "highest_brightness": 255.0,
        "highest_white_share": 1.0,
        "lowest_across_px": 1.0,
    },
}
SHARD_BYTES = 400_000  # the last shard is the smaller one: TensorFlow.js misreads a last shard that is larger

OWN_SCRIPT = """
const progress = [];
let network;
async function load() {
  Backend.prefer(new URLSearchParams(location.search).get("backend"));
  network = await Network.load("model/cnn", {
    onProgress: (step) => progress.push(step),
  });
  return { backend: network.backendName, progress, card: network.card.name, frozen: Object.isFrozen(network) };
}
async function classify(base64) {
  const tensorsBefore = tf.memory().numTensors;
  const { probabilities, scope } = await network.classify(Base64.decode(base64));
  return { probabilities: [...probabilities], scope, leaked: tf.memory().numTensors - tensorsBefore };
}
async function explain(base64, classIndex) {
  const tensorsBefore = tf.memory().numTensors;
  const { width, height, values } = await network.explain(Base64.decode(base64), classIndex);
  return { width, height, values: [...values], leaked: tf.memory().numTensors - tensorsBefore };
}
"""

Weights = NDArray[np.float32]


def probabilities_of(pixels: NDArray[np.uint8], kernel: Weights, bias: Weights) -> NDArray[np.float64]:
    """What the small network answers: one dense layer with a softmax."""
    logits = pixels.reshape(-1).astype(np.float64) @ kernel + bias
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def topology() -> dict[str, Any]:
    shape = [None, HEIGHT_PX, WIDTH_PX, 3]
    layers = [
        # What scope and heat map look at is the photo itself.
        {"class_name": "Activation", "config": {"name": "photo", "activation": "linear", "batch_input_shape": shape}},
        {"class_name": "Activation", "config": {"name": "same", "activation": "linear"}},
        {"class_name": "Flatten", "config": {"name": "flatten"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": len(CLASSES), "activation": "linear"}},
        {"class_name": "Activation", "config": {"name": "softmax", "activation": "softmax"}},
    ]
    config = {"name": "small", "layers": layers}
    return {"model_config": {"class_name": "Sequential", "config": config}}


def random_pixels(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)


def in_base64(pixels: NDArray[np.uint8]) -> str:
    return base64.b64encode(pixels.tobytes()).decode()


def small_network() -> tuple[Weights, Weights]:
    random = np.random.default_rng(11)
    kernel = random.normal(0, 1e-4, (INPUTS, len(CLASSES))).astype(np.float32)
    return kernel, random.normal(0, 1, len(CLASSES)).astype(np.float32)


def cells_of(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Means over squares of 5 x 5 pixels, once for the structure and once for the features."""
    rows, columns = HEIGHT_PX // CELL_PX, WIDTH_PX // CELL_PX
    squares = pixels.reshape(-1, rows, CELL_PX, columns, CELL_PX, 3).astype(np.float64)
    return [squares.mean(axis=(2, 4)).astype(np.float32)] * 2


def small_detector() -> Detector:
    """Fitted to drawn photos: noise is none."""
    drawn = np.stack([photo.pixels for photo in draw_demo_photos(60, seed=4)])
    return fit_detector({"photo": 5, "same": 5}, cells_of(drawn), cells_of(drawn), refused=(0.05, 0.05))


def describe(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"path": file.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def write_network(site: Path) -> Path:
    """Write a network as the build exports it, its weights in two shards, with card and disk copies."""
    kernel, bias = small_network()
    folder = site / "model" / "cnn"
    folder.mkdir(parents=True)
    weights = kernel.tobytes() + bias.tobytes()
    for name, part in zip(SHARDS, (weights[:SHARD_BYTES], weights[SHARD_BYTES:]), strict=True):
        (folder / name).write_bytes(part)
    entries = [
        {"name": "dense/kernel", "shape": list(kernel.shape), "dtype": "float32"},
        {"name": "dense/bias", "shape": list(bias.shape), "dtype": "float32"},
    ]
    manifest = [{"paths": SHARDS, "weights": entries}]
    model = {"format": "layers-model", "modelTopology": topology(), "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(model))
    files = [describe(folder / name) for name in ("model.json", *SHARDS)]
    detector = small_detector()
    vectors = [
        {
            "pixels": in_base64(pixels),
            "probabilities": probabilities_of(pixels, kernel, bias).tolist(),
            "scope": float(detector.score(cells_of(pixels))[0]),
        }
        for pixels in map(random_pixels, SELF_TEST_SEEDS)
    ]
    card = {
        "name": "cnn",
        "version": hashlib.sha256(weights).hexdigest(),
        "input": {"width_px": WIDTH_PX, "height_px": HEIGHT_PX},
        "photo_limits": {
            "max_megapixels": MAX_MEGAPIXELS,
            "smallest_frame": {"width_px": WIDTH_PX, "height_px": HEIGHT_PX},
        },
        "classes": classes_in_english(),
        "weights": "float32",
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "judgement": {**JUDGEMENT, "scope": detector.as_dict()},
        "explanation": {"features": "same", "logits": "dense", "top_px": 0, "left_px": 0, "step_px": 1},
        "self_test": {"tolerance": 0.001, "scope_tolerance": 0.01, "vectors": vectors},
    }
    (folder / "card.json").write_text(json.dumps(card))
    for path in [*folder.iterdir(), *(site / "vendor").glob("*.wasm")]:
        write_disk_copy(path, site)
    return folder


def write_site(folder: Path) -> Path:
    write_page(folder, ["site/base64", "network/backend", "network/network"], own_script=OWN_SCRIPT, tensorflow=True)
    write_network(folder)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(params=["http", "disk"])
def address(request: pytest.FixtureRequest, site: Path, serve: Callable[[Path], str]) -> str:
    return f"{serve(site)}/index.html" if request.param == "http" else (site / "index.html").as_uri()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    assert not [complaint for complaint in complaints if "Content Security Policy" in complaint]


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_gives_the_networks_answers_and_leaks_no_tensor(page: Page, address: str, backend: str) -> None:
    page.goto(f"{address}?backend={backend}")
    assert page.evaluate("load()")["backend"] == backend
    for seed in (3, 4):
        answer = page.evaluate("(pixels) => classify(pixels)", in_base64(random_pixels(seed)))
        expected = probabilities_of(random_pixels(seed), *small_network())
        assert np.abs(np.array(answer["probabilities"]) - expected).max() < 1e-4
        assert answer["scope"] == pytest.approx(small_detector().score(cells_of(random_pixels(seed)))[0], rel=1e-4)
        assert answer["leaked"] == 0


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_explains_by_the_networks_own_gradient(page: Page, address: str, backend: str) -> None:
    page.goto(f"{address}?backend={backend}")
    page.evaluate("load()")
    kernel, _ = small_network()
    for seed, kind in ((5, 0), (6, 4)):
        told = page.evaluate("([pixels, kind]) => explain(pixels, kind)", [in_base64(random_pixels(seed)), kind])
        weights = kernel[:, kind].reshape(HEIGHT_PX, WIDTH_PX, 3).sum(axis=(0, 1))
        expected = np.maximum((random_pixels(seed) * weights).sum(axis=2), 0)
        assert (told["width"], told["height"]) == (WIDTH_PX, HEIGHT_PX)
        assert np.array(told["values"]) == pytest.approx((expected / expected.max()).ravel(), abs=1e-3)
        assert told["leaked"] == 0


def test_the_page_takes_wasm_rather_than_a_software_graphics_card(page: Page, address: str) -> None:
    page.goto(address)
    assert page.evaluate("load()")["backend"] == "wasm"


def test_without_wasm_the_page_still_answers(page: Page, address: str) -> None:
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(address)
    assert page.evaluate("load()")["backend"] in ("webgl", "cpu")


def test_progress_is_in_real_bytes_and_ends_with_all_of_them(page: Page, address: str, site: Path) -> None:
    page.goto(address)
    loaded = page.evaluate("load()")
    total = sum((site / "model" / "cnn" / name).stat().st_size for name in ("model.json", *SHARDS))
    counts = [step["loadedBytes"] for step in loaded["progress"]]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] == total
    assert {step["totalBytes"] for step in loaded["progress"]} == {total}
    assert loaded["card"] == "cnn"
    assert loaded["frozen"]


def test_nothing_is_asked_of_another_site(page: Page, site: Path, serve: Callable[[Path], str]) -> None:
    origin = serve(site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{origin}/index.html")
    page.evaluate("load()")
    assert {url.partition(":")[0] for url in asked} <= {"http", "data"}
    assert all(url.startswith(f"{origin}/") for url in asked if url.startswith("http"))


@pytest.mark.parametrize("wrong", ["probabilities", "scope"])
def test_a_device_that_computes_wrongly_gets_no_answer(
    page: Page, tmp_path: Path, serve: Callable[[Path], str], wrong: str
) -> None:
    write_site(tmp_path)
    card = tmp_path / "model" / "cnn" / "card.json"
    facts = json.loads(card.read_text())
    vector = facts["self_test"]["vectors"][1]
    if wrong == "scope":
        vector["scope"] += 0.02
    else:
        vector["probabilities"][0] += 0.01
    card.write_text(json.dumps(facts))
    page.goto(f"{serve(tmp_path)}/index.html")
    said = page.evaluate("load().catch((error) => error.message)")
    assert "does not compute the network correctly" in said


def test_a_shard_that_is_not_complete_is_named(page: Page, tmp_path: Path, serve: Callable[[Path], str]) -> None:
    write_site(tmp_path)
    shard = tmp_path / "model" / "cnn" / SHARDS[1]
    shard.write_bytes(shard.read_bytes()[:-4])
    page.goto(f"{serve(tmp_path)}/index.html")
    said = page.evaluate("load().catch((error) => error.message)")
    assert said == f"{SHARDS[1]} is not the file that belongs to this network."
