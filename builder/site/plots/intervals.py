"""Plots a figure with its interval on a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure on a line from 0 to 1 with length `width`; `floor` is None if there is none."""

    width: float
    low: float
    value: float
    high: float
    floor: float | None


def interval(figure: Mapping[str, float | None], floor: float | None = None, *, width: float = 300) -> Interval | None:
    """Place a figure of 0-1 on a line; None if it was not measured."""
    value = figure["value"]
    if value is None:
        return None
    low, high = (value if bound is None else min(1.0, max(0.0, bound)) for bound in (figure["low"], figure["high"]))
    at = [round(part * width, 1) for part in (low, value, high)]
    return Interval(width, at[0], at[1], at[2], None if floor is None else round(floor * width, 1))


@dataclass(frozen=True, slots=True)
class Extremes:
    """The subgroups with the highest and the lowest value of a figure."""

    highest: Mapping[str, Any]
    lowest: Mapping[str, Any]
    overlap: bool  # of their intervals: what lies between may be chance


def extremes(groups: Sequence[Mapping[str, Any]], name: str) -> Extremes | None:
    """None if fewer than two groups have the figure."""
    measured = [group for group in groups if not group["too_few"] and group[name]["value"] is not None]
    if len(measured) < 2:
        return None
    highest = max(measured, key=lambda group: group[name]["value"])
    lowest = min(measured, key=lambda group: group[name]["value"])
    above, below = highest[name], lowest[name]
    apart = above["low"] is not None and below["high"] is not None and below["high"] < above["low"]
    return Extremes(highest, lowest, not apart)
