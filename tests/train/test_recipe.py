"""What a recipe asks of the network: weighed classes, smoothed targets, photos mixed, and plain ones in the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builder.config.read import read_config
from builder.train.random_augmentation import mirrored
from builder.train.recipe import class_weights, mix_up, targets_of
from tests.conftest import REPOSITORY

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


def test_only_the_last_epochs_show_photos_as_they_are() -> None:
    recipe = replace(read_config(REPOSITORY / "config.toml").network_of("compact").recipe, epochs=10, plain_share=0.2)
    assert [epoch for epoch in range(1, 11) if recipe.is_without_augmentation(epoch)] == [9, 10]
    assert not any(replace(recipe, plain_share=0.0).is_without_augmentation(epoch) for epoch in range(1, 11))


def test_where_the_last_epochs_are_plain_an_epoch_depends_on_how_many_are_to_come() -> None:
    recipe = replace(read_config(REPOSITORY / "config.toml").training, optimizer="rmsprop")
    assert not recipe.knows_its_end
    assert replace(recipe, plain_share=0.1).knows_its_end


def test_a_mirrored_photo_has_the_same_pixels_in_each_of_four_ways() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    ways = [photo, photo[::-1], photo[:, ::-1], photo[::-1, ::-1]]
    seen = mirrored(np.repeat(photo[None], 40, axis=0), np.random.default_rng(1))
    found = [[index for index, way in enumerate(ways) if np.array_equal(view, way)] for view in seen]
    assert all(len(which) == 1 for which in found)
    assert {which[0] for which in found} == {0, 1, 2, 3}
