"""Curves of what a threshold finds against what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.plots.axes import path


def roc_path(roc: Mapping[str, Sequence[float]], side: float = 100) -> str:
    """The ROC curve as SVG path data in a square of that side, false alarms to the right, found upwards."""
    return path((fpr * side, (1 - tpr) * side) for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True))


def found_at(roc: Mapping[str, Sequence[float]], false_alarms: float) -> float:
    """The largest share found by a threshold that takes at most that share (0-1) of the others for it too."""
    return max(tpr for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True) if fpr <= false_alarms + 1e-9)
