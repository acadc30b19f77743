"""Curves over all thresholds: ROC, and precision against recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from builder.site.plots.axes import path

STEPS_BETWEEN = 8


def roc_path(roc: Mapping[str, Sequence[float]], side: float = 100) -> str:
    """The ROC curve as SVG path data in a square with that side: false alarms to the right, share found upwards."""
    return path((fpr * side, (1 - tpr) * side) for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True))


def found_at(roc: Mapping[str, Sequence[float]], false_alarms: float) -> float:
    """The largest share found by a threshold with at most that share (0-1) of false alarms."""
    return max(tpr for fpr, tpr in zip(roc["fpr"], roc["tpr"], strict=True) if fpr <= false_alarms + 1e-9)


def precision_recall_path(roc: Mapping[str, Sequence[float]], positives: int, negatives: int, side: float = 100) -> str:
    """Precision (upwards) against recall as SVG path data in a square of that side, from the ROC curve's points.

    Precision follows from the two shares and the numbers of photos behind them. Between two points it is curved (Davis
    and Goadrich, ICML 2006), so straight segments of the ROC curve are drawn in several steps.
    """
    shares = list(zip(roc["fpr"], roc["tpr"], strict=True))
    points = []
    for (fpr, tpr), (next_fpr, next_tpr) in pairwise(shares):
        for step in range(1, STEPS_BETWEEN + 1):
            part = step / STEPS_BETWEEN
            recall = tpr + (next_tpr - tpr) * part
            found, taken = recall * positives, (fpr + (next_fpr - fpr) * part) * negatives
            if found + taken:
                points.append((recall * side, (1 - found / (found + taken)) * side))
    return path(points)
