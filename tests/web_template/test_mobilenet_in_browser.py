"""MobileNet in the page: the same answers, scope and heat map as in Python, over http and from disk."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from builder.classes import CODES
from builder.config.site import LARGEST_CHANGE
from builder.export.stage import store_smallest
from builder.network import Network
from builder.photo.size import height_for
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.grad_cam import grad_cam
from builder.predict.ood_detector import cells_of, detector_of
from builder.predict.trained import predict
from builder.quiet_tensorflow import tf_keras
from tests.mobilenet_site import drawn_photos, export_mobilenet, some_mobilenet
from tests.page import write_page
from tests.predict.test_grad_cam import OWN_SCRIPT

MODULES = ["site/base64", "network/backend", "network/network"]


@dataclass(frozen=True)
class Site:
    folder: Path
    width_px: int
    stored: Network


@pytest.fixture(scope="module")
def trained() -> Network:
    return some_mobilenet(100)


def test_its_normalisations_are_drawn_into_its_convolutions(trained: Network) -> None:
    fused = fold_batch_norm(trained)
    left = [layer for layer in fused.layers if isinstance(layer, tf_keras.layers.BatchNormalization)]
    assert len(left) == 2 and all(len(layer.output.shape) == 2 for layer in left)  # the head's, after no convolution
    photos = drawn_photos(12, 100, seed=9)
    answers = predict(trained, photos)
    assert answers.std(axis=0).max() > 0.02  # or agreeing would be no feat
    assert predict(fused, photos) == pytest.approx(answers, abs=5e-4)  # 28 layers magnify what rounding differs by
    early = [tf_keras.Model(of.inputs, of.get_layer("conv_pw_3_relu").output) for of in (fused, trained)]
    one, other = (network.predict_on_batch(photos.astype(np.float32)) for network in early)
    assert np.abs(one - other).max() < 1e-4 < other.std()


def test_what_fewer_bits_would_change_is_stored_as_it_was_trained(
    trained: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = drawn_photos(12, 100, seed=9)
    fused = fold_batch_norm(trained)
    monkeypatch.setitem(LARGEST_CHANGE, "mixed", 1e-4)  # what 16 bits change is beyond that
    stored, large_kernels, comparison = store_smallest(fused, "mixed", photos, tmp_path / "mobilenet")
    assert large_kernels == "float32" and comparison.largest_probability_change <= LARGEST_CHANGE["float32"]
    assert predict(stored, photos) == pytest.approx(predict(fused, photos), abs=1e-5)


@pytest.fixture(scope="module", params=[100, 160])
def site(request: pytest.FixtureRequest, trained: Network, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("mobilenet")
    write_page(folder, MODULES, own_script=OWN_SCRIPT, tensorflow=True)
    network = trained if request.param == 100 else some_mobilenet(request.param)
    return Site(folder, request.param, export_mobilenet(network, folder))


@pytest.fixture(scope="module", params=["wasm over http", "webgl over http", "cpu from disk"])
def page(request: pytest.FixtureRequest, browser: Browser, site: Site, serve: Callable[[Path], str]) -> Iterator[Page]:
    backend, _, way = request.param.partition(" ")
    address = serve(site.folder) if way == "over http" else site.folder.as_uri()
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{address}/index.html?backend={backend}")
    assert page.evaluate("load('mobilenet')") == backend
    yield page
    page.close()


def test_it_answers_and_explains_as_python_does(page: Page, site: Site) -> None:
    card = json.loads((site.folder / "model" / "mobilenet" / "card.json").read_text(encoding="utf-8"))
    height_px = height_for(site.width_px)
    assert card["input"] == {"width_px": site.width_px, "height_px": height_px}
    detector = detector_of(card["judgement"]["scope"])
    for photo in drawn_photos(2, site.width_px, seed=9):
        [expected] = predict(site.stored, photo[None])
        [scope] = detector.score(cells_of(site.stored, detector.looked_at, photo[None]))
        # In a network that nobody trained, nothing may speak for the likeliest class: the one with the most to show.
        heat = grad_cam(site.stored, np.repeat(photo[None], len(CODES), axis=0), np.arange(len(CODES)))
        kind = int(heat.sum(axis=(1, 2)).argmax())
        warmth = heat[kind]
        encoded = base64.b64encode(photo.tobytes()).decode()
        told = page.evaluate("([pixels, kind]) => ask(pixels, kind)", [encoded, kind])
        assert told["probabilities"] == pytest.approx(expected, abs=1e-3)
        assert told["scope"] == pytest.approx(scope, abs=1e-3)
        assert (told["width"], told["height"]) == (site.width_px, height_px)
        assert warmth.max() == pytest.approx(1)
        assert np.abs(np.array(told["values"]) - warmth.ravel()).max() < 1e-3
        assert told["leaked"] == 0
