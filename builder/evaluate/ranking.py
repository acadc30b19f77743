"""Figures of a score that ranks photos: areas under curves, and the best values that any threshold reaches.

The tests compare the areas with scikit-learn's. Here they are computed for many weightings of the photos at once, after
a single sort: a thousand resamples of some thirty figures need that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from builder.evaluate.bootstrap import Flags, Floats, Rows, Statistic, Weights

Scores = NDArray[np.floating]


class _Ranking:
    """Photos sorted by score; photos with equal scores share a level."""

    def __init__(self, scores: Scores, is_positive: Flags) -> None:
        self.order = np.argsort(scores, kind="stable")
        ordered = scores[self.order]
        self.is_positive = is_positive[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1]]))

    def count(self, weights: Weights) -> tuple[Floats, Floats]:
        """Positive and negative photos at each level, from the lowest score up: (rows, levels) each."""
        ordered = np.take(weights, self.order, axis=1)
        positive = ordered * self.is_positive
        negative = ordered - positive
        if len(self.starts) < len(self.order):
            positive, negative = (np.add.reduceat(counts, self.starts, axis=1) for counts in (positive, negative))
        return positive, negative


def roc_auc(scores: Scores, is_positive: Flags) -> Statistic:
    """Area under the ROC curve; nan if one side is empty. Both (photos,).

    The share of (positive, negative) pairs in the right order; ties count half (Mann and Whitney 1947; Hanley and
    McNeil 1982).
    """
    ranking = _Ranking(scores, is_positive)

    def areas(weights: Weights) -> Rows:
        positive, negative = ranking.count(weights)
        below = np.cumsum(negative, axis=1) - negative / 2
        return _divide((positive * below).sum(axis=1), positive.sum(axis=1) * negative.sum(axis=1))

    return areas


def average_precision(scores: Scores, is_positive: Flags) -> Statistic:
    """Average precision; nan without positive photos. Both (photos,).

    Precision at each threshold, weighted by the positives it adds, without interpolation (like scikit-learn's
    `average_precision_score`; Manning, Raghavan, Schütze 2008, section 8.4).
    """
    ranking = _Ranking(scores, is_positive)

    def averages(weights: Weights) -> Rows:
        positive, negative = (counts[:, ::-1] for counts in ranking.count(weights))
        found = np.cumsum(positive, axis=1)
        named = found + np.cumsum(negative, axis=1)
        precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
        return _divide((positive * precision).sum(axis=1), found[:, -1])

    return averages


def sensitivity_at_specificity(scores: Scores, is_positive: Flags, specificity: float) -> Statistic:
    """The best sensitivity of any threshold with at least that specificity; nan if one side is empty."""
    return _best(scores, is_positive, specificity, of_sensitivity=True)


def specificity_at_sensitivity(scores: Scores, is_positive: Flags, sensitivity: float) -> Statistic:
    """The best specificity of any threshold with at least that sensitivity; nan if one side is empty."""
    return _best(scores, is_positive, sensitivity, of_sensitivity=False)


def _best(scores: Scores, is_positive: Flags, at_least: float, *, of_sensitivity: bool) -> Statistic:
    ranking = _Ranking(scores, is_positive)

    def best(weights: Weights) -> Rows:
        positive, negative = ranking.count(weights)
        # At threshold k, levels k and above are called positive; one past the last calls nothing positive.
        spared = _divide(_from_zero(negative), negative.sum(axis=1)[:, None])
        found = 1 - _divide(_from_zero(positive), positive.sum(axis=1)[:, None])
        wanted, kept = (found, spared) if of_sensitivity else (spared, found)
        reached = np.where(kept >= at_least - 1e-12, wanted, -1.0).max(axis=1)
        return np.asarray(np.where(np.isnan(found[:, 0] + spared[:, 0]), np.nan, reached))

    return best


def _from_zero(counts: Floats) -> Floats:
    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)


def _divide(part: Floats, whole: Floats) -> Floats:
    whole = np.broadcast_to(whole, part.shape)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
