"""Where the report's drawings put their ticks, lines and shades; the templates turn it into SVG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from builder.plots.confusion import mostly_taken_for, shade
from builder.plots.intervals import interval
from builder.plots.learning import curves
from builder.plots.roc import found_at, roc_path

GLOBALS: dict[str, Callable[..., Any]] = {
    "curves": curves,
    "roc_path": roc_path,
    "found_at": found_at,
    "interval": interval,
    "shade": shade,
    "mostly_taken_for": mostly_taken_for,
}
