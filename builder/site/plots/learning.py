"""Learning curves: loss and accuracy over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.site.plots.axes import Plot, nice_ticks, path, scale_between, ticks

EPOCH_TICKS_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Curves(Plot):
    """Training and validation over the epochs."""

    training: str  # SVG path data, as the next
    validation: str
    reference: float | None  # the position of the reference value


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
    """Place `name` and `val_name` of each epoch; None if there are no values.

    reference: a value to draw as a horizontal line for comparison.
    """
    lines = {part: _measured(history, key) for part, key in (("training", name), ("validation", f"val_{name}"))}
    values = [value for line in lines.values() for _, value in line]
    if not values:
        return None
    y_values = nice_ticks(min([*values, *_some(reference)]), max([*values, *_some(reference)]))
    epochs = [epoch for line in lines.values() for epoch, _ in line]
    to_x = scale_between(min(epochs), max(epochs), left, right)
    to_y = scale_between(y_values[0], y_values[-1], bottom, top)
    step = math.ceil((max(epochs) - min(epochs) + 1) / EPOCH_TICKS_AT_MOST)
    paths = {part: path((to_x(epoch), to_y(value)) for epoch, value in line) for part, line in lines.items()}
    return Curves(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=ticks(range(int(min(epochs)), int(max(epochs)) + 1, step), to_x),
        y_ticks=ticks(y_values, to_y),
        training=paths["training"],
        validation=paths["validation"],
        reference=None if reference is None else round(to_y(reference), 1),
    )


def _measured(history: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    return [
        (epoch["epoch"], epoch[key]) for epoch in history if epoch.get(key) is not None and math.isfinite(epoch[key])
    ]


def _some(value: float | None) -> list[float]:
    return [] if value is None else [value]
