"""The plot functions that templates can call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from builder.site.plots.axes import square_of_shares
from builder.site.plots.calibration import reliability_dots, risk_axes, risk_band, risk_line, sure_and_right
from builder.site.plots.confusion import classes_never_named, mostly_taken_for, shade
from builder.site.plots.intervals import extremes, interval
from builder.site.plots.learning import curves
from builder.site.plots.roc import found_at, precision_recall_path, roc_path

GLOBALS: dict[str, Callable[..., Any]] = {
    "curves": curves,
    "roc_path": roc_path,
    "precision_recall_path": precision_recall_path,
    "found_at": found_at,
    "interval": interval,
    "extremes": extremes,
    "square_of_shares": square_of_shares,
    "reliability_dots": reliability_dots,
    "sure_and_right": sure_and_right,
    "risk_axes": risk_axes,
    "risk_line": risk_line,
    "risk_band": risk_band,
    "shade": shade,
    "mostly_taken_for": mostly_taken_for,
    "classes_never_named": classes_never_named,
}
