"""What a recipe asks of the network: weighed classes, smoothed targets, photos laid over each other."""

from __future__ import annotations

import numpy as np
import pytest

from builder.train.recipe import class_weights, mix_up, targets_of

LABELS = np.repeat(np.arange(6), (2, 4, 8, 2, 4, 80))  # none of the last class


@pytest.mark.parametrize("power", [0.0, 0.25, 1.0])
def test_a_photo_counts_by_its_class_and_one_in_the_mean(power: float) -> None:
    weights = class_weights(LABELS, power)
    assert weights[LABELS].mean() == pytest.approx(1.0)
    assert weights[5] / weights[0] == pytest.approx(40.0**-power)
    assert weights[6] == 0


def test_targets_are_smoothed_and_weighed() -> None:
    weights = class_weights(LABELS, 1.0)
    targets = targets_of(LABELS[:1], 0.07, weights)
    assert targets[0] == pytest.approx(weights[0] * np.array([0.94, *[0.01] * 6]))


def test_two_photos_are_laid_over_each_other() -> None:
    photos, targets = np.arange(3.0).reshape(3, 1), np.eye(3, dtype=np.float32)
    mixed, asked = mix_up(photos, targets, 0.75)
    assert mixed.ravel() == pytest.approx([0.5, 1.0, 1.5])
    assert asked[0] == pytest.approx([0.75, 0.0, 0.25])
