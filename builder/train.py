"""Fourth stage: trains the network, epoch by epoch, each one finished on disk before the next begins."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CLASSES
from builder.config import Config, TrainingConfig
from builder.data import load_photos, stored_pixels
from builder.data.pixel_file import StoredPixels
from builder.network import Network, build_cnn, hash_seed, seed_dropout
from builder.progress import Advance, steps
from builder.quiet_tensorflow import tf_keras
from builder.split import load_parts

PREDICT_BATCH_PHOTOS = 32  # no effect on results; larger batches are not faster on a CPU
SMALLEST_PROBABILITY = 1e-7  # as Keras clips before it takes the logarithm

Pixels = StoredPixels | NDArray[np.uint8]  # (photos, 75, 100, 3), read batch by batch
History = list[dict[str, float]]


def train_network(photos: Path, split: Path, augmented: Path, config: Config, into: Path) -> None:
    """Stage entry: save `network.weights.h5` and `history.json` in `into`.

    The checkpoint lies beside `into`, so that more epochs go on from fewer: an epoch never depends on how many
    are to come.
    """
    table, parts = load_photos(photos), load_parts(split)
    labels = np.load(augmented / "labels.npy")
    training = stored_pixels(augmented, np.arange(len(labels))), labels
    validation = stored_pixels(photos, parts["validation"]), table.labels[parts["validation"]]
    network = compile_network(build_cnn(config.training.seed), config.training)
    history = fit(network, training, validation, config.training, into.parent / "checkpoint.npz")
    network.save_weights(into / "network.weights.h5")
    (into / "history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")


def load_network(trained: Path) -> Network:
    """The network that `train_network` left in `trained`."""
    network = build_cnn()
    network.load_weights(trained / "network.weights.h5")
    return network


def compile_network(network: Network, recipe: TrainingConfig) -> Network:
    """Give the network the origin's optimiser and loss."""
    # The legacy optimiser is the origin's: the newer one has no `decay`.
    optimizer = tf_keras.optimizers.legacy.RMSprop(recipe.learning_rate, decay=recipe.decay)
    network.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    return network


def fit(
    network: Network,
    training: tuple[Pixels, NDArray[np.int64]],
    validation: tuple[Pixels, NDArray[np.int64]],
    recipe: TrainingConfig,
    checkpoint: Path,
) -> History:
    """Train up to `recipe.epochs`, going on from `checkpoint`; returns loss and accuracy of every epoch.

    Leaves the network with the weights of the epoch that `recipe.keep` says.

    training, validation: pixels (photos, 75, 100, 3) uint8 and class indices (photos,).
    Order and dropout masks of an epoch follow from the seed and its number alone, so that an interrupted
    training ends with the same bytes as an uninterrupted one.
    """
    history = _restore(network, checkpoint, recipe.epochs)
    photos_per_epoch = len(training[0]) + len(validation[0])
    done = len(history) * photos_per_epoch
    with steps("training", recipe.epochs * photos_per_epoch, done=done) as advance:
        for epoch in range(len(history) + 1, recipe.epochs + 1):
            note = f"epoch {epoch} of {recipe.epochs}" + (_spoken(history[-1]) if history else "")
            loss, accuracy = _train_epoch(network, *training, recipe, epoch, partial(advance, note=note))
            val_loss, val_accuracy = score(predict(network, validation[0], advance), validation[1])
            history.append({
                "epoch": epoch, "loss": loss, "accuracy": accuracy,
                "val_loss": val_loss, "val_accuracy": val_accuracy,
            })  # fmt: skip
            kept = _weights_file(checkpoint, kept_epoch(history, recipe.keep))
            if recipe.keep == "best" and kept_epoch(history, "best") == epoch:
                network.save_weights(kept)
            _write_checkpoint(network, history, checkpoint)
            _delete_all_but(kept, checkpoint)  # not before: an epoch cut off here is trained again
        advance(0, f"{recipe.epochs} epochs{_spoken(history[-1])}")
    if recipe.keep == "best":
        network.load_weights(_weights_file(checkpoint, kept_epoch(history, "best")))
    return history


def kept_epoch(history: History, keep: str) -> int:
    """The number of the epoch whose weights are kept: the `last` one, or the `best`, of the lowest validation loss."""
    return int(min(history, key=lambda epoch: epoch["val_loss"])["epoch"]) if keep == "best" else len(history)


def predict(network: Network, pixels: Pixels, advance: Advance | None = None) -> NDArray[np.float32]:
    """Probabilities (photos, 7) for pixels (photos, 75, 100, 3) uint8."""
    batches = []
    for start in range(0, len(pixels), PREDICT_BATCH_PHOTOS):
        batch = np.asarray(pixels[start : start + PREDICT_BATCH_PHOTOS], dtype=np.float32)
        batches.append(network.predict_on_batch(batch))
        if advance:
            advance(len(batch))
    return np.concatenate(batches) if batches else np.empty((0, len(CLASSES)), dtype=np.float32)


def score(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean categorical cross-entropy (nats) and accuracy (0-1)."""
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = float(-np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)).mean())
    return loss, float((probabilities.argmax(axis=1) == labels).mean())


def _train_epoch(
    network: Network,
    pixels: Pixels,
    labels: NDArray[np.int64],
    recipe: TrainingConfig,
    epoch: int,
    advance: Advance,
) -> tuple[float, float]:
    order = np.random.default_rng(hash_seed(recipe.seed, epoch)).permutation(len(pixels))
    one_hot = np.eye(len(CLASSES), dtype=np.float32)[labels]
    seed_dropout(network, recipe.seed, epoch)
    network.reset_metrics()
    result: Any = None
    for start in range(0, len(order), recipe.batch_photos):
        batch = np.sort(order[start : start + recipe.batch_photos])  # sorted: reads forward through the file
        photos = np.asarray(pixels[batch], dtype=np.float32)
        result = network.train_on_batch(photos, one_hot[batch], reset_metrics=False, return_dict=True)
        advance(len(batch))
    return float(result["loss"]), float(result["accuracy"])


def _weights_file(checkpoint: Path, epoch: int) -> Path:
    return checkpoint.with_name(f"epoch-{epoch}.weights.h5")


def _delete_all_but(kept: Path, checkpoint: Path) -> None:
    for file in checkpoint.parent.glob("epoch-*.weights.h5"):
        if file != kept:
            file.unlink()


def _write_checkpoint(network: Network, history: History, checkpoint: Path) -> None:
    """Replace the checkpoint in one step: a power cut leaves the old one or the new one, never half of one."""
    arrays = [*network.get_weights(), *network.optimizer.get_weights()]
    unfinished = checkpoint.with_suffix(".part")
    with open(unfinished, "wb") as file:
        np.savez(file, *arrays, history=np.array(json.dumps(history)))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(checkpoint)


def _restore(network: Network, checkpoint: Path, epochs: int) -> History:
    if not checkpoint.exists():
        return []
    with np.load(checkpoint) as saved:
        history: History = json.loads(str(saved["history"]))
        if len(history) > epochs:
            return []  # it went further than is asked for now
        arrays = [saved[f"arr_{index}"] for index in range(len(saved.files) - 1)]
    weights = len(network.get_weights())
    network.set_weights(arrays[:weights])
    # The optimiser makes its variables at its first step only.
    network.optimizer._create_all_weights(network.trainable_variables)
    network.optimizer.set_weights(arrays[weights:])
    return history


def _spoken(epoch: dict[str, float]) -> str:
    return f", validation accuracy {epoch['val_accuracy']:.3f}"
