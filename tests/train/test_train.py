"""Training: resumable at every epoch, with the same result as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from builder.config.read import read_config
from builder.network import Network, build_network
from builder.predict.trained import predict
from builder.train.history import kept_epoch
from builder.train.recipe import compile_network
from builder.train.stage import fit, score
from tests.conftest import REPOSITORY
from tests.small_network import small_network

RECIPE = replace(read_config(REPOSITORY / "config.toml", source="folder").training, epochs=2)
RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.integers(0, 256, (20, 75, 100, 3), dtype=np.uint8), RANDOM.integers(0, 7, 20)
HELD_OUT = PHOTOS[0][:5], PHOTOS[1][:5]


def train(
    epochs: int, checkpoint: Path, keep: Literal["last", "best"] = "last"
) -> tuple[Network, list[dict[str, float]]]:
    recipe = replace(RECIPE, epochs=epochs, keep=keep)
    network = compile_network(small_network(recipe.seed), recipe, len(PHOTOS[0]))
    return network, fit(network, PHOTOS, HELD_OUT, recipe, checkpoint)


def same_weights(one: Network, other: Network) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all((first == second).all() for first, second in pairs)


@pytest.mark.usefixtures("trains")
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, whole_history = train(2, tmp_path / "whole.npz")
    train(1, tmp_path / "parts.npz")
    resumed, resumed_history = train(2, tmp_path / "parts.npz")
    assert same_weights(whole, resumed)
    assert whole_history == resumed_history
    assert [epoch["epoch"] for epoch in whole_history] == [1, 2]


@pytest.mark.usefixtures("trains")
def test_a_checkpoint_that_went_further_is_not_taken_for_fewer_epochs(tmp_path: Path) -> None:
    short, history = train(1, tmp_path / "short.npz")
    train(2, tmp_path / "long.npz")
    again, again_history = train(1, tmp_path / "long.npz")
    assert same_weights(short, again) and history == again_history


def test_the_best_epoch_is_the_one_of_the_lowest_validation_loss() -> None:
    history = [{"epoch": 1.0, "val_loss": 0.9}, {"epoch": 2.0, "val_loss": 0.4}, {"epoch": 3.0, "val_loss": 0.5}]
    assert (kept_epoch(history, "best"), kept_epoch(history, "last")) == (2, 3)


@pytest.mark.usefixtures("trains")
def test_the_weights_of_the_best_epoch_are_kept_and_survive_a_resumed_training(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("whole", "parts")]
    for folder in folders:
        folder.mkdir()
    whole, history = train(3, folders[0] / "checkpoint.npz", "best")
    train(2, folders[1] / "checkpoint.npz", "best")
    resumed, _ = train(3, folders[1] / "checkpoint.npz", "best")
    assert same_weights(whole, resumed)
    loss, accuracy = score(predict(whole, HELD_OUT[0]), HELD_OUT[1])
    best = history[kept_epoch(history, "best") - 1]
    assert (loss, accuracy) == pytest.approx((best["val_loss"], best["val_accuracy"]))


def test_score_is_keras_loss_and_accuracy() -> None:
    network = compile_network(small_network(1), RECIPE, 20)
    probabilities = predict(network, PHOTOS[0])
    loss, accuracy = network.test_on_batch(PHOTOS[0].astype(np.float32), np.eye(7)[PHOTOS[1]])
    assert score(probabilities, PHOTOS[1]) == pytest.approx((loss, accuracy), rel=1e-4)
    assert predict(network, PHOTOS[0][:0]).shape == (0, 7)


def test_the_optimizer_is_the_origins() -> None:
    optimizer = compile_network(build_network("cnn"), RECIPE, 20).optimizer.get_config()
    assert (optimizer["name"], optimizer["learning_rate"], optimizer["decay"]) == ("RMSprop", 1e-4, 1e-6)
