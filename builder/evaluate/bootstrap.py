"""Confidence intervals: figures of the test photos, and of resamples of their lesions."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Weights = Floats  # (rows, photos): how often each photo counts
Rows = Floats  # (rows,): a figure for each row of weights; of all photos once, then of each resample
Statistic = Callable[[Weights], Floats]  # gives (rows,), or (rows, n) for n figures at once
Figure = dict[str, float | None]

PERCENTILES = (2.5, 97.5)
NOT_MEASURED: Figure = {"value": None, "low": None, "high": None}
BLOCK_ROWS = 64  # resamples that are worked on at a time: their arrays fit into a processor's cache


class LesionBootstrap:
    """Resamples lesions, not photos: two photos of one lesion are not independent.

    A cluster bootstrap (Davison and Hinkley: Bootstrap Methods and their Application, 1997, section 3.8): each resample
    draws as many lesions as there are, with replacement, and all photos of a lesion count as often as the lesion was
    drawn.
    """

    def __init__(self, lesion_ids: NDArray[np.str_], rounds: int, seed: int) -> None:
        lesions, self.lesion_of_photo = np.unique(lesion_ids, return_inverse=True)
        random = np.random.default_rng(seed)
        # The number of times that each lesion is drawn, which never exceeds 255: the probability of k is below 1/k!.
        self._drawn = np.empty((rounds, len(lesions)), dtype=np.uint8)
        for row in range(rounds):
            drawn = random.integers(0, len(lesions), len(lesions))
            self._drawn[row] = np.bincount(drawn, minlength=len(lesions))

    def rows(self, statistic: Statistic, photos: Flags | None = None) -> Floats:
        """A statistic of all photos, then of each resample; photos: the photos it is a statistic of."""
        lesions = self.lesion_of_photo if photos is None else self.lesion_of_photo[photos]
        found = [statistic(np.ones((1, len(lesions))))]
        for start in range(0, len(self._drawn), BLOCK_ROWS):
            drawn = self._drawn[start : start + BLOCK_ROWS]
            found.append(statistic(np.take(drawn, lesions, axis=1).astype(np.float64)))
        return np.concatenate(found)

    def ratio(self, part: NDArray[np.generic], whole: NDArray[np.generic]) -> Rows:
        """Sum of `part` divided by the sum of `whole`, both (photos,); nan if the whole is zero."""
        both = np.stack([part, whole], axis=1).astype(np.float64)
        sums = self.rows(lambda weights: weights @ both)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan))

    def share(self, is_hit: Flags, is_counted: Flags) -> Figure:
        """The share of the counted photos that are hits, with its interval."""
        return interval(self.ratio(is_hit & is_counted, is_counted), self.lesions(is_counted))

    def mean(self, values: NDArray[np.generic]) -> Figure:
        """The mean of a value over all photos, for values that are not shares."""
        return interval(self.ratio(values, np.ones(len(values))))

    def lesions(self, photos: Flags) -> int:
        """How many lesions are in these photos."""
        return len(np.unique(self.lesion_of_photo[photos]))


def interval(rows: Rows, lesions: int | None = None) -> Figure:
    """The figure of all photos with the percentile interval of the resamples (Efron and Tibshirani 1993, chapter 13).

    lesions: if the figure is a share, the number of lesions it is a share of. A share of 0 or 1 gets the exact interval
    (Clopper and Pearson 1934): if all of six lesions were found, every resample gives 100 %, and a bootstrap interval
    would be "100 to 100 %". Any other figure that is equal in all resamples has no interval.
    """
    value = float(rows[0])
    if np.isnan(value):
        return dict(NOT_MEASURED)
    if lesions and value in (0, 1):
        exact = binomtest(int(value) * lesions, lesions).proportion_ci()
        return {"value": value, "low": float(exact.low), "high": float(exact.high)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        low, high = np.nanpercentile(rows[1:], PERCENTILES)
    if np.isnan(low) or low == high:
        return {"value": value, "low": None, "high": None}
    return {"value": value, "low": float(low), "high": float(high)}


def mean_of_measured(rows: Floats) -> Rows:
    """The mean over the columns of (rows, n), ignoring values that could not be measured."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        return np.asarray(np.nanmean(rows, axis=1))
