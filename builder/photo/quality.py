"""Measures how sharp and how well lit a photo is, and the limits beyond which the page says so.

The page measures the same in `web_template/js/photo/quality.js`; the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.photo.frame import Floats

Pixels = NDArray[np.uint8]
LUMA = np.array([299, 587, 114])  # thousandths, ITU-R BT.601
WHITE_LEVEL = 250  # of 255 in all three channels: nothing is left to see there
BLUR_SHARE = 0.01  # of the training photos are called blurred: blur by 1 px of the network's lies far below (measured)
LIGHT_SHARE = 0.005  # of them are called dark, and as many bright, and with glare
LEAST_WHITE_SHARE = 0.02  # of the frame: less is a drop of oil or a scale, even where no training photo has any
MOST_ACROSS = 2  # times the network's input: a frame so wide is never called small, the network sees half of it at most


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one photo. sharpness: no unit; brightness: 0-255; white_share: 0-1; across_px: width of its frame."""

    sharpness: float
    brightness: float
    white_share: float
    across_px: float


def measure_quality(pixels: Pixels, across_px: float) -> Measures:
    """Measure the network's input, (height, width, 3), of a frame that is `across_px` pixels wide in the photo."""
    luma = pixels.astype(np.int64) @ LUMA / 1000
    return Measures(
        sharpness=_sharpness(luma),
        brightness=float(luma.mean()),
        white_share=float((pixels.min(axis=2) >= WHITE_LEVEL).mean()),
        across_px=across_px,
    )


def quality_limits(measured: list[Measures], width_px: int) -> dict[str, float]:
    """Limits that all but a few of the photos in `measured` meet; width_px: of the network's input."""
    sharpness = [photo.sharpness for photo in measured]
    brightness = [photo.brightness for photo in measured]
    white = [photo.white_share for photo in measured]
    across = [photo.across_px for photo in measured]
    return {
        "lowest_sharpness": float(np.quantile(sharpness, BLUR_SHARE)),
        "lowest_brightness": float(np.quantile(brightness, LIGHT_SHARE)),
        "highest_brightness": float(np.quantile(brightness, 1 - LIGHT_SHARE)),
        "highest_white_share": max(float(np.quantile(white, 1 - LIGHT_SHARE)), LEAST_WHITE_SHARE),
        "lowest_across_px": min(float(min(across)), float(MOST_ACROSS * width_px)),
    }


def quality_codes(measured: Measures, limits: dict[str, float]) -> list[str]:
    """The quality problems of the photo, the worst first."""
    found = {
        "blurred": measured.sharpness < limits["lowest_sharpness"],
        "dark": measured.brightness < limits["lowest_brightness"],
        "bright": measured.brightness > limits["highest_brightness"],
        "glare": measured.white_share > limits["highest_white_share"],
        "small": measured.across_px < limits["lowest_across_px"],
    }
    return [code for code, is_so in found.items() if is_so]


def _sharpness(luma: Floats) -> float:
    """The variance of the Laplacian divided by the mean squared gradient; low means blurred.

    The variance alone is the usual measure (Pech-Pacheco and others, ICPR 2000), but it rates a pale lesion as blurred;
    the ratio of fine to coarse structure does not depend on the contrast. The added 1 keeps a blank frame defined.
    """
    inner = luma[1:-1, 1:-1]
    laplacian = luma[1:-1, :-2] + luma[1:-1, 2:] + luma[:-2, 1:-1] + luma[2:, 1:-1] - 4 * inner
    slope = float((np.diff(luma, axis=1) ** 2).mean() + (np.diff(luma, axis=0) ** 2).mean())
    return float(laplacian.var()) / (slope + 1)
