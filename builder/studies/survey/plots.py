"""Positions of lines and marks in the survey's plots; `web_template/_survey.html` turns them into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.site.plots.axes import Plot, nice_ticks, path, scale_between, ticks

LEVELS = 256  # of a channel
BRIGHTNESS_TICKS = (0, 64, 128, 192, 255)
HISTOGRAM_BARS = 24


@dataclass(frozen=True, slots=True)
class Lines(Plot):
    """The levels of red, green and blue."""

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
class Bars(Plot):
    """A histogram."""

    bar_width: float
    bars: list[tuple[float, float, float]]  # (x, y, height)


def level_lines(
    levels: NDArray[np.float64], *, width: float = 400, height: float = 240, left: float = 44, bottom: float = 196
) -> Lines:
    """Place the share of pixels in each bin of levels, shape (3, bins)."""
    right, top = width - 8, 12.0
    y_values = nice_ticks(0.0, float(levels.max()))
    to_x, to_y = scale_between(0, LEVELS, left, right), scale_between(0, y_values[-1], bottom, top)
    bins = levels.shape[1]
    middles = [to_x((number + 0.5) * LEVELS / bins) for number in range(bins)]
    paths = {
        channel: path((x, to_y(float(share))) for x, share in zip(middles, row, strict=True))
        for channel, row in zip(("red", "green", "blue"), levels, strict=True)
    }
    return Lines(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=ticks(BRIGHTNESS_TICKS, to_x),
        y_ticks=ticks(y_values, to_y),
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
    to_y = scale_between(0, y_values[-1], bottom, top)
    step = (right - left) / HISTOGRAM_BARS
    return Bars(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        bar_width=round(step - 2, 1),
        bars=[
            (round(left + number * step + 1, 1), round(to_y(count), 1), round(bottom - to_y(count), 1))
            for number, count in enumerate(counts.tolist())
        ],
        x_ticks=ticks(x_values, scale_between(x_values[0], x_values[-1], left, right)),
        y_ticks=ticks(y_values, to_y),
    )
