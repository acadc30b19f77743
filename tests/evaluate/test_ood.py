"""What is no photo of a lesion: the detector alone, and on the demo build what it turns away."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from builder.data.store import load_photos
from builder.evaluate.ood_photos import other_things, shifted
from builder.export.layers_model import load_layers_model
from builder.network import build_network
from builder.predict.ood_detector import Detector, cells_of, detector_layers, detector_of, features_of, fit_detector
from builder.split import load_parts
from tests.conftest import Build

Cells = list[NDArray[np.float32]]


def some_cells(photos: int, seed: int, contrast: float = 1.0) -> Cells:
    """Two layers of 6 x 8 cells and three channels that vary together."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=(photos, 6, 8, 1)) * contrast
    return [(40 + 8 * (shared + 0.3 * random.normal(size=(photos, 6, 8, 3)))).astype(np.float32) for _ in range(2)]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return fit_detector({"first": 5, "second": 5}, some_cells(400, 1), some_cells(300, 2), refused=(0.02, 0.01))


def test_no_more_than_the_allowed_share_of_validation_photos_is_refused(detector: Detector) -> None:
    distance, emptiness = detector.measure(some_cells(300, 2))
    assert 0 < (distance > detector.distance_limit).sum() <= 6
    assert 0 < (emptiness > detector.emptiness_limit).sum() <= 3


def test_the_distance_is_that_of_the_inverse_covariance() -> None:
    training, photo = some_cells(400, 1), some_cells(5, 9)
    fitted = fit_detector({"first": 5, "second": 5}, training, training, refused=(0.02, 0.01))
    features = features_of(training)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    off = (features_of(photo) - features.mean(axis=0)) / features.std(axis=0)
    expected = LedoitWolf(assume_centered=True).fit(scaled).mahalanobis(off) ** 0.5
    assert fitted.measure(photo)[0] == pytest.approx(expected, rel=1e-5)


def test_blank_and_strange_pictures_are_refused(detector: Detector) -> None:
    blank: Cells = [np.full((1, 6, 8, 3), 40, np.float32)] * 2
    strange = [cells * np.array([1, 1, 3], np.float32) for cells in some_cells(20, 4)]
    assert detector.score(blank)[0] > 1
    assert (detector.score(strange) > 1).all()
    assert (detector.score(some_cells(200, 5)) > 1).mean() < 0.08


def test_the_card_holds_the_whole_detector(detector: Detector) -> None:
    again = detector_of(json.loads(json.dumps(detector.as_dict())))
    cells = some_cells(50, 6)
    assert again.score(cells).tolist() == detector.score(cells).tolist()


def test_other_things_are_the_same_each_time_and_of_many_sources() -> None:
    first, second = other_things(3), other_things(3)
    assert list(first) == ["photographs", "noise", "text", "plain_skin"]
    for kind, pictures in first.items():
        assert pictures.pixels.shape[1:] == (75, 100, 3) and pictures.pixels.dtype == np.uint8
        assert (pictures.pixels == second[kind].pixels).all()
        assert len(set(pictures.source)) >= 20
    tones = first["plain_skin"].pixels.mean(axis=(1, 2, 3))
    assert tones.min() < 90 and tones.max() > 200


def test_the_cells_are_means_over_squares_of_the_layer() -> None:
    network = build_network("cnn", seed=2)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 75, 100, 3), dtype=np.uint8)
    cells, later = cells_of(network, detector_layers(network), pixels)
    kernel, bias = network.layers[1].get_weights()
    corner = np.pad(pixels[0], ((1, 1), (1, 1), (0, 0))).astype(np.float64)[:7, :7]  # what the first 5 x 5 cell sees
    seen = [[(corner[y : y + 3, x : x + 3, :, None] * kernel).sum(axis=(0, 1, 2)) for x in range(5)] for y in range(5)]
    expected = np.maximum(np.array(seen) + bias, 0).mean(axis=(0, 1))
    assert cells.shape == later.shape == (2, 15, 20, 64)
    assert cells[0, 0, 0] == pytest.approx(expected, rel=1e-4, abs=1e-3)


@pytest.fixture(scope="module", params=["compact", "cnn"])
def shipped(request: pytest.FixtureRequest, demo_build: Build) -> tuple[Any, Detector]:
    """A network and its detector as the page has them."""
    folder = demo_build.site / "model" / request.param
    limits = json.loads((folder / "card.json").read_text(encoding="utf-8"))["judgement"]["scope"]
    return load_layers_model(folder), detector_of(limits)


@pytest.fixture(scope="module")
def test_photos(demo_build: Build) -> NDArray[np.uint8]:
    data, split = (demo_build.latest(stage) for stage in ("data", "split"))
    return np.asarray(load_photos(data).pixels[load_parts(split)["test"]])


def test_at_most_five_in_a_hundred_lesion_photos_are_refused(
    demo_build: Build, shipped: tuple[Any, Detector], test_photos: NDArray[np.uint8]
) -> None:
    network, detector = shipped
    refused = float((detector.score(cells_of(network, detector.looked_at, test_photos)) > 1).mean())
    assert refused <= 0.05
    reported = demo_build.report["networks"][network.name]["scope"]["refused_lesion_photos"]
    assert reported["value"] == pytest.approx(refused, abs=0.01)  # measured before the weights were stored in 16 bits
    assert reported["low"] <= reported["value"] <= reported["high"]


def test_other_things_are_refused(demo_build: Build, shipped: tuple[Any, Detector]) -> None:
    network, detector = shipped
    unseen = other_things(seed=77)  # other crops and drawings than those of the report
    for kind, least in {"photographs": 0.95, "noise": 0.99, "text": 0.99, "plain_skin": 0.95}.items():
        ood_scores = detector.score(cells_of(network, detector.looked_at, unseen[kind].pixels))
        assert (ood_scores > 1).mean() >= least, kind
    for row in demo_build.report["networks"][network.name]["scope"]["other_things"]:
        assert row["auroc"]["value"] >= 0.99, row
        assert row["sources"] <= row["photos"]


def test_a_lesion_photo_that_is_turned_is_still_one(
    shipped: tuple[Any, Detector], test_photos: NDArray[np.uint8]
) -> None:
    network, detector = shipped
    turned = dict(shifted(test_photos[:100]))["turned"]
    assert (detector.score(cells_of(network, detector.looked_at, turned)) > 1).mean() < 0.25
