"""Crops a photo to the frame that a network sees, and shrinks it to the input size by area averaging."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.photo.size import HEIGHT_PX, WIDTH_PX

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
TIE = 1e-6  # levels: a mean this close below a half rounds up, so that summing in another order changes nothing
MOST_SUMMED_PX = 256  # of one output pixel: more than 257 times 255 does not fit into 16 bits


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a photo that the network sees, in pixels of the upright photo; edges may be fractions."""

    x: float
    y: float
    width: float
    height: float


def centred_frame(width: int, height: int) -> Frame:
    """The largest frame of the network's shape (4:3, landscape) in the middle of a photo."""
    if width * HEIGHT_PX > height * WIDTH_PX:
        frame_width = height * WIDTH_PX / HEIGHT_PX
        return Frame((width - frame_width) / 2, 0.0, frame_width, float(height))
    frame_height = width * HEIGHT_PX / WIDTH_PX
    return Frame(0.0, (height - frame_height) / 2, float(width), frame_height)


def shrink(pixels: Pixels, frame: Frame, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """Average the photo's area under each output pixel, counting fractions; shape (height_px, width_px, 3)."""
    factor = int(frame.width) // width_px
    if frame == Frame(0, 0, width_px * factor, height_px * factor) and factor * factor <= MOST_SUMMED_PX:
        return _mean_of_squares(pixels, factor)
    rows = _spans(frame.y, frame.height, height_px, pixels.shape[0])
    left, across = _shares_across(frame.x, frame.width, width_px, pixels.shape[1])
    right = left + len(across)
    down = np.empty((height_px, 3, right - left))
    for row, (first, weights) in enumerate(rows):
        block = pixels[first : first + len(weights), left:right]  # (input rows, input columns, 3)
        down[row] = (weights @ block.reshape(len(weights), -1).astype(np.float64)).reshape(-1, 3).T
    means = (down @ across).transpose(0, 2, 1)  # (height_px, width_px, 3)
    return np.floor(means + (0.5 + TIE)).astype(np.uint8)


def stretch(pixels: Pixels, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """Resize a whole picture of any size and shape to the input size: by area average, or enlarged (bilinear)."""
    height, width, _ = pixels.shape
    if width >= width_px and height >= height_px:
        return shrink(pixels, Frame(0.0, 0.0, float(width), float(height)), width_px, height_px)
    enlarged = Image.fromarray(pixels).resize((width_px, height_px), Image.Resampling.BILINEAR)
    return np.asarray(enlarged)


def _mean_of_squares(pixels: Pixels, factor: int) -> Pixels:
    """The mean of each `factor` x `factor` square of pixels: equal to the general method, but several times as fast."""
    height, width, _ = (side // factor for side in pixels.shape)
    lines = pixels[: height * factor, : width * factor].reshape(height, factor, -1)
    down = np.add.reduce(lines, axis=1, dtype=np.uint16).reshape(height * width, factor * 3)
    # As a product of matrices, for speed: whole numbers below 65,536 stay exact in 32-bit floats.
    sums: NDArray[np.uint16] = (down.astype(np.float32) @ _sum_of_channels(factor)).astype(np.uint16)
    area = factor * factor
    means: Pixels = ((sums + area // 2) // area).astype(np.uint8)
    return means.reshape(height, width, 3)


@lru_cache(maxsize=8)
def _sum_of_channels(pixels: int) -> NDArray[np.float32]:
    """A matrix that sums that many neighbouring pixels of a row per channel; shape (3 x pixels, 3)."""
    return np.tile(np.eye(3, dtype=np.float32), (pixels, 1))


# Photos of one set are mostly of a few sizes: what follows from a size alone is kept.
@lru_cache(maxsize=8)
def _shares_across(start: float, length: float, count: int, limit: int) -> tuple[int, Floats]:
    """The spans of a row as one matrix (input columns, output columns), and its first input column."""
    columns = _spans(start, length, count, limit)
    left, right = columns[0][0], columns[-1][0] + len(columns[-1][1])
    across = np.zeros((right - left, count))
    for column, (first, weights) in enumerate(columns):
        across[first - left : first - left + len(weights), column] = weights
    return left, across


@lru_cache(maxsize=16)
def _spans(start: float, length: float, count: int, limit: int) -> list[tuple[int, Floats]]:
    """For each of `count` equal parts of a length: its first input pixel, and the share of each pixel it covers."""
    step = length / count
    spans = []
    for part in range(count):
        low, high = start + part * step, start + (part + 1) * step
        first, last = math.floor(low), min(math.ceil(high), limit)
        edges = np.arange(first, last, dtype=np.float64)
        spans.append((first, (np.minimum(edges + 1, high) - np.maximum(edges, low)) / step))
    return spans
