"""A network's predictions for photos with known labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from builder.classes import MALIGNANT
from builder.evaluate.bootstrap import Flags, Floats

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """probabilities: (photos, 7) float32. labels: (photos,) class indices."""

    probabilities: NDArray[np.float32]
    labels: Labels

    @cached_property
    def predicted(self) -> Labels:
        """The most probable class of each photo; the first one if there is a tie."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def is_right(self) -> Flags:
        return np.asarray(self.predicted == self.labels)

    @cached_property
    def top(self) -> Floats:
        """The highest probability of each photo."""
        return np.asarray(self.probabilities.max(axis=1), dtype=np.float64)

    @cached_property
    def is_malignant(self) -> Flags:
        return np.isin(self.labels, MALIGNANT)

    @cached_property
    def malignant_score(self) -> Floats:
        """The sum of the probabilities of the malignant classes."""
        return np.asarray(self.probabilities[:, MALIGNANT].astype(np.float64).sum(axis=1))

    def is_among_best(self, count: int) -> Flags:
        """Whether the true class is one of the `count` most probable classes."""
        best = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :count]
        return np.asarray((best == self.labels[:, None]).any(axis=1))
