"""Where the ticks and lines of any drawing lie, in the units of its SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

TICKS_WANTED = 4
LEAST_STEP = 0.4  # units of a drawing: points closer than this to the last one are left out of a path

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    at: float  # position in the drawing
    value: float


def nice_ticks(low: float, high: float) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) from at or below `low` to at or above `high`."""
    if not low < high:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / TICKS_WANTED
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def path(points: Iterable[Point]) -> str:
    """SVG path data through the points, to a tenth of a unit, without those that nobody could see."""
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
