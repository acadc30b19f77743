"""Where the report's drawings put their ticks, lines and shades; the templates turn it into SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHADES = 10  # steps of a cell's shade, one CSS class each: a strict policy allows no style attribute
TICKS_WANTED = 4
EPOCH_TICKS_AT_MOST = 8
LEAST_STEP = 0.4  # units of a drawing: points closer than this to the last one are left out of a path

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    at: float  # position in the drawing
    value: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Training and validation over the epochs, in the units of a drawing `width` x `height`."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    training: str  # SVG path data, as the next
    validation: str
    reference: float | None  # the position of the reference value


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure on a line from 0 to 1 that is `width` long; `floor` is None where there is none."""

    width: float
    low: float
    value: float
    high: float
    floor: float | None


def curves(
    history: Sequence[Mapping[str, float]],
    name: str,
    *,
    reference: float | None = None,
    width: float = 400,
    height: float = 250,
    left: float = 48,
    right: float = 392,
    top: float = 14,
    bottom: float = 210,
) -> Curves | None:
    """Lay out `name` and `val_name` of each epoch; None where there is nothing to draw.

    reference: a value drawn as a level line for comparison.
    """
    lines = {part: _measured(history, key) for part, key in (("training", name), ("validation", f"val_{name}"))}
    values = [value for line in lines.values() for _, value in line]
    if not values:
        return None
    y_values = nice_ticks(min([*values, *_some(reference)]), max([*values, *_some(reference)]))
    epochs = [epoch for line in lines.values() for epoch, _ in line]
    to_x = _scale(min(epochs), max(epochs), left, right)
    to_y = _scale(y_values[0], y_values[-1], bottom, top)
    step = math.ceil((max(epochs) - min(epochs) + 1) / EPOCH_TICKS_AT_MOST)
    paths = {part: path((to_x(epoch), to_y(value)) for epoch, value in line) for part, line in lines.items()}
    return Curves(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=[Tick(round(to_x(epoch), 1), epoch) for epoch in range(int(min(epochs)), int(max(epochs)) + 1, step)],
        y_ticks=[Tick(round(to_y(value), 1), value) for value in y_values],
        training=paths["training"],
        validation=paths["validation"],
        reference=None if reference is None else round(to_y(reference), 1),
    )


def roc_path(roc: Mapping[str, Sequence[float]], side: float = 100) -> str:
    """The ROC curve as SVG path data in a square of that side, false alarms to the right, found upwards."""
    return path((fpr * side, (1 - tpr) * side) for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True))


def found_at(roc: Mapping[str, Sequence[float]], false_alarms: float) -> float:
    """The largest share found by a threshold that takes at most that share (0-1) of the others for it too."""
    return max(tpr for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True) if fpr <= false_alarms + 1e-9)


def interval(figure: Mapping[str, float | None], floor: float | None = None, *, width: float = 300) -> Interval | None:
    """Lay a figure of 0-1 out on a line; None where it was not measured."""
    value = figure["value"]
    if value is None:
        return None
    low, high = (value if bound is None else min(1.0, max(0.0, bound)) for bound in (figure["low"], figure["high"]))
    at = [round(part * width, 1) for part in (low, value, high)]
    return Interval(width, at[0], at[1], at[2], None if floor is None else round(floor * width, 1))


def shade(part: int, row: Sequence[int]) -> int:
    """How dark a cell is, 0 to SHADES, by its share of the row; what is not empty is never without shade."""
    total = sum(row)
    return math.ceil(part / total * SHADES) if total else 0


def mostly_taken_for(row: Sequence[int], index: int) -> int | None:
    """The other class that most photos of this row were taken for; None where there was no mistake."""
    others = [(-count, other) for other, count in enumerate(row) if other != index and count > 0]
    return min(others)[1] if others else None


def nice_ticks(low: float, high: float) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) from at or below `low` to at or above `high`."""
    if not low < high:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / TICKS_WANTED
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def path(points: Iterator[Point]) -> str:
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


def _measured(history: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    return [
        (epoch["epoch"], epoch[key]) for epoch in history if epoch.get(key) is not None and math.isfinite(epoch[key])
    ]


def _some(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    if low == high:  # one epoch: in the middle
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


GLOBALS: dict[str, Callable[..., Any]] = {
    "curves": curves,
    "roc_path": roc_path,
    "found_at": found_at,
    "interval": interval,
    "shade": shade,
    "mostly_taken_for": mostly_taken_for,
}
