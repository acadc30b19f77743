"""Fourth stage: trains the network epoch by epoch; each epoch is saved before the next begins."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.config.networks import ResolvedNetwork
from builder.config.training import MachinesConfig, TrainingConfig
from builder.data.store import load_photos, stored_pixels
from builder.errors import BuildError
from builder.files.ownership import delete_files
from builder.network import Network, build_network, hash_seed, seed_dropout
from builder.predict.trained import Pixels, predict
from builder.progress import Advance, steps
from builder.quiet_tensorflow import tensorflow, tf_keras
from builder.split import load_parts
from builder.train.base import begin_with_base
from builder.train.checkpoint import read_arrays, read_history, write_arrays, write_checkpoint
from builder.train.fine_tuning import begins_stage
from builder.train.history import History, kept_epoch
from builder.train.machines import to_be_trained, together
from builder.train.random_augmentation import mirrored, random_augmentation
from builder.train.recipe import averaged, class_weights, compile_network, mix_up, targets_of
from builder.train.timing import CHECKPOINT, timed_training

SMALLEST_PROBABILITY = 1e-7  # as Keras clips before it takes the logarithm


class Diverged(BuildError):
    """A training whose loss is no longer finite."""


def train_network(
    photos: Path,
    split: Path,
    copies: Path | None = None,
    *,
    network: ResolvedNetwork,
    machines: MachinesConfig,
    into: Path,
) -> None:
    """Stage entry: save `network.weights.h5`, `network.json` and `history.json` in `into`.

    copies: the training photos with an augmented copy of each, if the recipe asks for them. The checkpoint is beside
    `into`, with the time that training took. So a training with more epochs continues one with fewer, unless an epoch
    depends on how many follow.
    """
    table, parts, recipe = load_photos(photos), load_parts(split), network.recipe
    if copies:
        labels = np.load(copies / "labels.npy")
        training = stored_pixels(copies, np.arange(len(labels))), labels
    else:
        training = stored_pixels(photos, parts["training"]), table.labels[parts["training"]]
    validation = stored_pixels(photos, parts["validation"]), table.labels[parts["validation"]]
    width_px, checkpoint = table.pixels.shape[2], into.parent / CHECKPOINT
    with timed_training(into.parent):
        with to_be_trained(machines):
            built = build_network(network.name, recipe.seed, network.layout, width_px)
            if not _history_in(checkpoint, recipe.epochs):
                begin_with_base(built, network.form.base_weights)
            compile_network(built, recipe, len(training[1]))
        history = fit(built, training, validation, recipe, checkpoint)
    built.save_weights(into / "network.weights.h5")
    about = {"name": network.name, "settings": dict(network.layout), "width_px": width_px}
    (into / "network.json").write_text(json.dumps(about), encoding="utf-8")
    (into / "history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")


def fit(
    network: Network,
    training: tuple[Pixels, NDArray[np.int64]],
    validation: tuple[Pixels, NDArray[np.int64]],
    recipe: TrainingConfig,
    checkpoint: Path,
) -> History:
    """Train up to `recipe.epochs`, starting from `checkpoint`; returns loss and accuracy of every epoch.

    Afterwards the network has the weights of the epoch that `recipe.keep` names.

    training, validation: pixels (photos, 75, 100, 3) uint8 and class indices (photos,). The order of photos and the
    dropout masks of an epoch depend only on the seed and the epoch's number, so that an interrupted training ends with
    the same bytes as an uninterrupted one.
    """
    history = _history_in(checkpoint, recipe.epochs)
    photos_per_epoch = len(training[0]) + len(validation[0])
    done = len(history) * photos_per_epoch
    start = f"{checkpoint.parent.name}, {len(history)} epochs"
    strategy = network.distribute_strategy
    with together(strategy, start), steps("training", recipe.epochs * photos_per_epoch, done=done) as advance:
        if history:
            _restore(network, checkpoint, recipe, len(training[0]), len(history))
        for epoch in range(len(history) + 1, recipe.epochs + 1):
            if begins_stage(network, recipe, epoch):
                compile_network(network, recipe, len(training[0]), epoch)
            note = f"epoch {epoch} of {recipe.epochs}" + (_spoken(history[-1]) if history else "")
            loss, accuracy = _train_epoch(network, *training, recipe, epoch, partial(advance, note=note))
            with averaged(network, recipe):
                val_loss, val_accuracy = score(predict(network, validation[0], advance), validation[1])
            _refuse_diverged(loss + val_loss, recipe, epoch)
            history.append({
                "epoch": epoch, "loss": loss, "accuracy": accuracy,
                "val_loss": val_loss, "val_accuracy": val_accuracy,
            })  # fmt: skip
            kept = _weights_file(checkpoint, kept_epoch(history, recipe.keep))
            if recipe.keep == "best" and kept_epoch(history, "best") == epoch:
                with averaged(network, recipe):
                    write_arrays(kept, network.weights)
            variables = [*network.weights, *network.optimizer.variables()]
            write_checkpoint(checkpoint, variables, history, kept if recipe.keep == "best" else None)
            _delete_all_but(kept, checkpoint)  # not before: an epoch cut off here is trained again
        advance(0, f"{recipe.epochs} epochs{_spoken(history[-1])}")
    if recipe.keep == "best":
        network.set_weights(read_arrays(_weights_file(checkpoint, kept_epoch(history, "best"))))
    elif recipe.averages:
        network.optimizer.finalize_variable_values(network.trainable_variables)
    return history


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
    random = np.random.default_rng(hash_seed(recipe.seed, epoch))
    order = random.permutation(len(pixels))
    weights = class_weights(labels, recipe.class_balance)
    seed_dropout(network, recipe.seed, epoch)
    network.reset_metrics()
    result: Any = None
    for start in range(0, len(order), recipe.batch_photos):
        batch = np.sort(order[start : start + recipe.batch_photos])  # sorted: reads forward through the file
        if recipe.augmentation == "random" and start > max(0, len(order) - recipe.batch_photos):
            advance(len(batch))  # fewer have no statistics to normalise by; the next epoch shows them
            break
        photos, targets = pixels[batch], targets_of(labels[batch], recipe.label_smoothing, weights)
        if recipe.augmentation == "random":
            photos = (mirrored if recipe.is_without_augmentation(epoch) else random_augmentation)(photos, random)
        photos = tensorflow.cast(photos, tensorflow.float32)
        if recipe.mix_up and not recipe.is_without_augmentation(epoch):
            photos, targets = mix_up(photos, targets, random.beta(recipe.mix_up, recipe.mix_up))
        result = network.train_on_batch(photos, targets, reset_metrics=False, return_dict=True)
        _refuse_diverged(result["loss"], recipe, epoch)  # now, not after an epoch of hours
        advance(len(batch))
    return float(result["loss"]), float(result["accuracy"])


def _refuse_diverged(loss: float, recipe: TrainingConfig, epoch: int) -> None:
    """Raise an error before anything of that epoch is saved: the checkpoint stays at the last good epoch."""
    if not math.isfinite(loss):
        raise Diverged(
            f"the training has diverged in epoch {epoch}: its loss is no number any more",
            remedy=f"set a lower training.learning_rate than {recipe.learning_rate:g}; what was built before is kept",
        )


def _weights_file(checkpoint: Path, epoch: int) -> Path:
    return checkpoint.with_name(f"epoch-{epoch}.npz")


def _delete_all_but(kept: Path, checkpoint: Path) -> None:
    delete_files(file for file in checkpoint.parent.glob("epoch-*.npz") if file != kept)


def _history_in(checkpoint: Path, epochs: int) -> History:
    """The history of an earlier training that can be continued."""
    history = read_history(checkpoint)
    return history if len(history) <= epochs else []  # or it went further than is asked for now


def _restore(network: Network, checkpoint: Path, recipe: TrainingConfig, photos: int, epochs: int) -> None:
    """Set the network and its optimiser to their state after so many epochs."""
    arrays = read_arrays(checkpoint)
    compile_network(network, recipe, photos, epochs)  # the optimiser is that of the last epoch's stage
    weights = len(network.weights)
    network.set_weights(arrays[:weights])
    _make_variables(network.optimizer, network.trainable_variables)
    for variable, value in zip(network.optimizer.variables(), arrays[weights:], strict=True):
        variable.assign(value)


def _make_variables(optimizer: Any, weights: list[Any]) -> None:
    """Create the optimiser's variables, which otherwise exist only after its first step; legacy ones differ."""
    if isinstance(optimizer, tf_keras.optimizers.legacy.Optimizer):
        optimizer._create_all_weights(weights)
    else:
        optimizer.build(weights)


def _spoken(epoch: dict[str, float]) -> str:
    return f", validation accuracy {epoch['val_accuracy']:.3f}"
