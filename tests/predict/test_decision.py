"""What is said of a photo: in Python and in the page's scripts the same."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from builder.classes import INDEX_OF
from builder.data.demo.draw import draw_demo_photos
from builder.photo.quality import measure_quality, quality_codes, quality_limits
from builder.photo.size import HEIGHT_PX, WIDTH_PX
from builder.predict.decision import decide
from builder.site.messages import classes_in_english
from tests.in_node import in_node

Pixels = NDArray[np.uint8]

LIMITS: dict[str, Any] = {
    "operating_point": {"threshold": 0.3, "sensitivity": 0.95, "specificity": 0.7},
    "sureness": [
        {"level": "sure", "from": 0.8, "right_of_100": 97},
        {"level": "fairly-sure", "from": 0.5, "right_of_100": 71},
        {"level": "not-sure", "from": 0.0, "right_of_100": None},
    ],
    "scope": {"threshold": 1.5},
    "quality": {
        "lowest_sharpness": 0.8,
        "lowest_brightness": 90.0,
        "highest_brightness": 200.0,
        "highest_white_share": 0.02,
        "lowest_across_px": 200.0,
    },
}


def some_photos() -> list[Pixels]:
    random = np.random.default_rng(5)
    drawn = [photo.pixels for photo in draw_demo_photos(6, seed=3)]
    blank = np.full_like(drawn[0], 255)
    noise = random.integers(0, 256, drawn[0].shape, dtype=np.uint8)
    return [*drawn, *(photo // 3 for photo in drawn[:2]), blank, noise, *(blur(photo) for photo in drawn[:2])]


def blur(photo: Pixels) -> Pixels:
    return np.asarray(ndimage.gaussian_filter(photo, (1.5, 1.5, 0)))


def judged_in_page(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each photo's probabilities, scope and quality, what the page says."""
    function = "([all, card]) => all.map((measured) => Decision.of(measured, card))"
    card = {"classes": classes_in_english(), "judgement": LIMITS}
    judged: list[dict[str, Any]] = in_node(["answer/decision"], function, [measured, card])
    for each in judged:
        each["right_of_100"] = each.pop("rightOf100")
        each["malignant"]["is_above"] = each["malignant"].pop("isAbove")
    return judged


def test_the_page_measures_quality_as_python_does() -> None:
    photos = some_photos()
    function = "(all) => all.map((pixels) => Quality.measure(Base64.decode(pixels), %d, %d, 640.5))"
    pixels = [base64.b64encode(photo.tobytes()).decode() for photo in photos]
    measured = in_node(["photo/quality", "site/base64"], function % (WIDTH_PX, HEIGHT_PX), pixels)
    for photo, of_page in zip(photos, measured, strict=True):
        assert of_page == pytest.approx(dataclasses.asdict(measure_quality(photo, 640.5)), rel=1e-9, abs=1e-9)


def test_the_page_judges_as_python_does() -> None:
    random = np.random.default_rng(8)
    photos = some_photos()
    measured, expected = [], []
    for round_ in range(60):
        probabilities = random.dirichlet(np.full(7, 0.4)).tolist()
        scope = random.uniform(0.5, 2.0)
        quality = measure_quality(photos[round_ % len(photos)], random.uniform(100, 400))
        measured.append({"probabilities": probabilities, "scope": scope, "quality": dataclasses.asdict(quality)})
        expected.append(decide(probabilities, scope, quality, LIMITS))
    for judged, of_python in zip(judged_in_page(measured), expected, strict=True):
        assert judged["malignant"].pop("probability") == pytest.approx(of_python["malignant"].pop("probability"))
        assert judged == of_python
    assert {each["verdict"] for each in expected} == {"answer", "not-sure", "not-a-lesion"}


def test_what_is_no_lesion_photo_is_so_however_sure_the_network_is() -> None:
    certain = np.eye(7)[INDEX_OF["nv"]].tolist()
    fine = measure_quality(some_photos()[0], 600)
    scopes = (1.6, float("inf"), float("nan"))
    quality = dataclasses.asdict(fine)
    for scope in scopes:
        assert decide(certain, scope, fine, LIMITS)["verdict"] == "not-a-lesion"
    judged = judged_in_page([{"probabilities": certain, "scope": scope, "quality": quality} for scope in scopes])
    assert [each["verdict"] for each in judged] == ["not-a-lesion"] * 3
    assert decide(certain, 1.5, fine, LIMITS)["verdict"] == "answer"


def test_malignant_kinds_are_added_up_and_held_against_the_operating_point() -> None:
    probabilities = [0.0] * 7
    probabilities[INDEX_OF["nv"]] = 0.7
    for code in ("akiec", "bcc", "mel"):
        probabilities[INDEX_OF[code]] = 0.1
    judged = decide(probabilities, 0, measure_quality(some_photos()[0], 600), LIMITS)["malignant"]
    assert judged["probability"] == pytest.approx(0.3)
    assert judged["sensitivity"] == 0.95


@pytest.fixture(scope="module")
def limits() -> dict[str, float]:
    return quality_limits([measure_quality(photo.pixels, 600) for photo in draw_demo_photos(200, seed=7)], WIDTH_PX)


def test_photos_like_those_trained_on_get_no_remark(limits: dict[str, float]) -> None:
    remarks = [quality_codes(measure_quality(photo.pixels, 600), limits) for photo in draw_demo_photos(200, seed=21)]
    assert sum(bool(codes) for codes in remarks) <= 10


def test_a_spoiled_photo_gets_the_remark_that_helps(limits: dict[str, float]) -> None:
    photos = [photo.pixels for photo in draw_demo_photos(40, seed=21)]

    def share_with(code: str, spoiled: list[Pixels], across_px: float = 600) -> float:
        return float(np.mean([code in quality_codes(measure_quality(photo, across_px), limits) for photo in spoiled]))

    assert share_with("blurred", [blur(photo) for photo in photos]) >= 0.95
    assert share_with("dark", [photo // 4 for photo in photos]) >= 0.95
    assert share_with("bright", [200 + photo // 5 for photo in photos]) >= 0.95
    white = [photo.copy() for photo in photos]
    for photo in white:
        photo[10:30, 20:50] = 255
    assert share_with("glare", white) == 1
    assert share_with("small", photos, across_px=120) == 1
