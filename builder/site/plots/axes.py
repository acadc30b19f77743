"""Axes of a plot: the positions of ticks and lines, in the units of its SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

TICKS_WANTED = 4
LEAST_STEP = 0.4  # units of a drawing: points closer than this to the last one are left out of a path
QUARTERS = [0.0, 0.25, 0.5, 0.75, 1.0]
LEFT, TOP = 56, 30  # room for a tick's words, and for the y axis's name above it

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    at: float  # position in the drawing
    value: float


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of `width` x `height`: the edges of its inner part, and its ticks."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]


@dataclass(frozen=True, slots=True)
class Axes(Plot):
    """A plot that templates ask for the position of a value."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        return round(scale_between(*self.x_range, self.left, self.right)(value), 1)

    def y(self, value: float) -> float:
        return round(scale_between(*self.y_range, self.bottom, self.top)(value), 1)

    def line(self, xs: Iterable[float], ys: Iterable[float]) -> str:
        """SVG path data through the points with these values."""
        to_x = scale_between(*self.x_range, self.left, self.right)
        to_y = scale_between(*self.y_range, self.bottom, self.top)
        return path((to_x(x), to_y(y)) for x, y in zip(xs, ys, strict=True))


def axes(
    x_values: list[float],
    y_values: list[float],
    *,
    width: float = 400,
    height: float = 308,
    right: float = 392,
    bottom: float = 260,
) -> Axes:
    """Axes with ticks at these values, from the first to the last."""
    to_x = scale_between(x_values[0], x_values[-1], LEFT, right)
    to_y = scale_between(y_values[0], y_values[-1], bottom, TOP)
    return Axes(
        width, height, LEFT, right, TOP, bottom,
        x_range=(x_values[0], x_values[-1]),
        y_range=(y_values[0], y_values[-1]),
        x_ticks=ticks(x_values, to_x),
        y_ticks=ticks(y_values, to_y),
    )  # fmt: skip


def square_of_shares(side: float = 280) -> Axes:
    """Axes of two shares of 0-1, with the same scale."""
    width, height = LEFT + side + 8, TOP + side + 48
    return axes(QUARTERS, QUARTERS, width=width, height=height, right=LEFT + side, bottom=TOP + side)


def nice_ticks(low: float, high: float) -> list[float]:
    """Round values (steps of 1, 2 or 5 times a power of ten) that enclose `low` and `high`."""
    if not low < high:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / TICKS_WANTED
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def ticks(values: Iterable[float], scale: Callable[[float], float]) -> list[Tick]:
    return [Tick(round(scale(value), 1), value) for value in values]


def path(points: Iterable[Point]) -> str:
    """SVG path data through the points, rounded to a tenth of a unit, without points too close to be seen."""
    kept: list[Point] = []
    skipped: Point | None = None
    for point in points:
        if kept and math.dist(kept[-1], point) < LEAST_STEP:
            skipped = point
        else:
            kept.append(point)
            skipped = None
    if skipped is not None:
        kept.append(skipped)  # a line ends where its data end
    return "".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(kept))


def scale_between(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    if low == high:  # one epoch: in the middle
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)
