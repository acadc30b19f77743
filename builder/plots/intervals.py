"""A figure with its interval, laid out on a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure on a line from 0 to 1 that is `width` long; `floor` is None where there is none."""

    width: float
    low: float
    value: float
    high: float
    floor: float | None


def interval(figure: Mapping[str, float | None], floor: float | None = None, *, width: float = 300) -> Interval | None:
    """Lay a figure of 0-1 out on a line; None where it was not measured."""
    value = figure["value"]
    if value is None:
        return None
    low, high = (value if bound is None else min(1.0, max(0.0, bound)) for bound in (figure["low"], figure["high"]))
    at = [round(part * width, 1) for part in (low, value, high)]
    return Interval(width, at[0], at[1], at[2], None if floor is None else round(floor * width, 1))
