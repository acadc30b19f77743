"""Positions of lines and marks in the survey's plots; `web_template/_survey.html` turns them into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.site.plots.axes import Tick, nice_ticks, path

LEVELS = 256  # of a channel
BRIGHTNESS_TICKS = (0, 64, 128, 192, 255)
HISTOGRAM_BARS = 24


@dataclass(frozen=True, slots=True)
class Lines:
    """The levels of red, green and blue, in a drawing `width` x `height`."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    paths: dict[str, str]  # channel -> SVG path data


@dataclass(frozen=True, slots=True)
class Strip:
    """The spread of a class's brightness on a line with length `width`; all values are positions."""

    width: float
    low: float  # one photo in twenty is darker
    lower: float  # one in four
    middle: float
    upper: float
    high: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram: the places where bars begin, their heights, and ticks, in a drawing `width` x `height`."""

    width: float
    height: float
    left: float
    bottom: float
    bar_width: float
    bars: list[tuple[float, float, float]]  # (x, y, height)
    x_ticks: list[Tick]
    y_ticks: list[Tick]


def level_lines(
    levels: NDArray[np.float64], *, width: float = 400, height: float = 240, left: float = 44, bottom: float = 196
) -> Lines:
    """Place the share of pixels in each bin of levels, shape (3, bins)."""
    right, top = width - 8, 12.0
    y_values = nice_ticks(0.0, float(levels.max()))
    bins = levels.shape[1]
    to_x = [left + (right - left) * (number + 0.5) / bins for number in range(bins)]
    paths = {
        channel: path(
            (x, bottom - (bottom - top) * float(share) / y_values[-1]) for x, share in zip(to_x, row, strict=True)
        )
        for channel, row in zip(("red", "green", "blue"), levels, strict=True)
    }
    return Lines(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=[Tick(round(left + (right - left) * level / LEVELS, 1), level) for level in BRIGHTNESS_TICKS],
        y_ticks=[Tick(round(bottom - (bottom - top) * value / y_values[-1], 1), value) for value in y_values],
        paths=paths,
    )


def brightness_strip(quantiles: Sequence[float], *, width: float = 300) -> Strip:
    """Place the five quantiles of a class's brightness (levels 0-255) on a line."""
    return Strip(width, *(round(level / (LEVELS - 1) * width, 1) for level in quantiles))


def share_width(share: float, largest: float, *, width: float = 100) -> float:
    """The length of a bar: the largest fills the line, and a share above zero always has a visible bar."""
    return round(max(share / largest * width, 1.0), 1) if share > 0 else 0.0


def size_bars(
    values: Sequence[float],
    weights: Sequence[int],
    *,
    width: float = 400,
    height: float = 220,
    left: float = 44,
    bottom: float = 176,
) -> Bars:
    """Count how many photos (weights) have which value, and place the bars."""
    right, top = width - 8, 12.0
    x_values = nice_ticks(min(values), max(values))
    counts, _ = np.histogram(values, bins=HISTOGRAM_BARS, range=(x_values[0], x_values[-1]), weights=weights)
    y_values = nice_ticks(0.0, float(counts.max()))
    step = (right - left) / HISTOGRAM_BARS
    heights = [float(count) / y_values[-1] * (bottom - top) for count in counts]
    return Bars(
        width=width,
        height=height,
        left=left,
        bottom=bottom,
        bar_width=round(step - 2, 1),
        bars=[
            (round(left + number * step + 1, 1), round(bottom - tall, 1), round(tall, 1))
            for number, tall in enumerate(heights)
        ],
        x_ticks=[
            Tick(round(left + (value - x_values[0]) / (x_values[-1] - x_values[0]) * (right - left), 1), value)
            for value in x_values
        ],
        y_ticks=[Tick(round(bottom - value / y_values[-1] * (bottom - top), 1), value) for value in y_values],
    )
