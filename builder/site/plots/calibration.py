"""Plots of calibration: the reliability diagram, and the risk-coverage curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.site.plots.axes import QUARTERS, Axes, axes, nice_ticks

SMALLEST_DOT, LARGEST_DOT = 4.0, 9.0  # radius, units of a drawing


@dataclass(frozen=True, slots=True)
class Dot:
    """A bin of a reliability diagram; `low` and `high` are the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    radius: float


def reliability_dots(bins: Sequence[Mapping[str, Any]], at: Axes) -> list[Dot]:
    """The bins that have photos; a dot's area grows with their number."""
    most = max((each["photos"] for each in bins), default=0)
    dots = []
    for each in bins:
        accuracy = each["accuracy"]
        if each["photos"] and accuracy["value"] is not None:
            low, high = _bounds(accuracy)
            radius = max(SMALLEST_DOT, LARGEST_DOT * math.sqrt(each["photos"] / most))
            dots.append(Dot(at.x(each["confidence"]), at.y(accuracy["value"]), at.y(low), at.y(high), round(radius, 1)))
    return dots


def sure_and_right(bins: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """The network's mean confidence and its share right, both 0-1; None without photos."""
    filled = [each for each in bins if each["photos"] and each["accuracy"]["value"] is not None]
    photos = sum(each["photos"] for each in filled)
    if not photos:
        return None
    sure = sum(each["photos"] * each["confidence"] for each in filled) / photos
    right = sum(each["photos"] * each["accuracy"]["value"] for each in filled) / photos
    return sure, right


def risk_axes(points: Sequence[Mapping[str, Any]]) -> Axes | None:
    """Axes for the share of wrong answers at each coverage, high enough for the intervals; None without points."""
    measured = _measured(points)
    if not measured:
        return None
    highest = max(_bounds(point["error"])[1] for point in measured)
    return axes(QUARTERS, [tick for tick in nice_ticks(0, max(highest, 0.01)) if tick <= 1])


def risk_line(points: Sequence[Mapping[str, Any]], at: Axes) -> str:
    """SVG path data of the share of wrong answers at each coverage."""
    measured = _measured(points)
    return at.line([point["coverage"] for point in measured], [point["error"]["value"] for point in measured])


def risk_band(points: Sequence[Mapping[str, Any]], at: Axes) -> str:
    """SVG path data of the area between the ends of the intervals: along the upper ends, back along the lower ones."""
    measured = _measured(points)
    coverage = [point["coverage"] for point in measured]
    low, high = zip(*(_bounds(point["error"]) for point in measured), strict=True)
    return at.line([*coverage, *reversed(coverage)], [*high, *reversed(low)]) + "Z"


def _measured(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(
        (point for point in points if point["error"]["value"] is not None), key=lambda point: float(point["coverage"])
    )


def _bounds(figure: Mapping[str, float | None]) -> tuple[float, float]:
    """The interval of a figure, or the figure itself if it has none, limited to 0 to 1."""
    value = figure["value"]
    low, high = (value if bound is None else bound for bound in (figure["low"], figure["high"]))
    if low is None or high is None:
        raise ValueError("a figure that was not measured has no place in a drawing")
    return max(0.0, low), min(1.0, high)
