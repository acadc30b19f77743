"""What a recipe sets for training: the optimiser, class weights, and the targets of each photo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CLASSES
from builder.config.training import TrainingConfig
from builder.network import Network
from builder.quiet_tensorflow import tf_keras
from builder.train.fine_tuning import enter_stage

Targets = NDArray[np.float32]  # (photos, 7)


def compile_network(network: Network, recipe: TrainingConfig, photos: int, epoch: int = 1) -> Network:
    """Compile the network with the optimiser and the loss of the recipe; photos: how many an epoch has.

    epoch: decides which layers are frozen; see builder/train/fine_tuning.py.
    """
    own = enter_stage(network, recipe, epoch)
    with network.distribute_strategy.scope():
        network.compile(optimizer=_optimizer(own, photos), loss="categorical_crossentropy", metrics=["accuracy"])
    network.distribute_reduction_method = "first"  # every replica has the figures of all; several would be added up
    return network


def _optimizer(recipe: TrainingConfig, photos: int) -> Any:
    if recipe.optimizer == "rmsprop":
        # The legacy optimiser is the origin's: the newer one has no `decay`.
        return tf_keras.optimizers.legacy.RMSprop(recipe.learning_rate, decay=recipe.decay)
    steps = math.ceil(photos / recipe.batch_photos)
    warm_up = round(recipe.warm_up_epochs * steps)
    # Loshchilov and Hutter: the rate falls as a cosine (ICLR 2017), the weights by a share of it (AdamW, ICLR 2019).
    rate = tf_keras.optimizers.schedules.CosineDecay(
        0.0, max(recipe.epochs * steps - warm_up, 1), warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    optimizer = tf_keras.optimizers.AdamW(
        rate,
        weight_decay=recipe.weight_decay,
        beta_2=0.99,  # a memory of a hundred steps, for trainings of some thousands
        global_clipnorm=1.0,
        use_ema=recipe.averaging_epochs > 0,
        ema_momentum=1 - 1 / max(recipe.averaging_epochs * steps, 1),
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


@contextmanager
def averaged(network: Network, recipe: TrainingConfig) -> Iterator[None]:
    """In this context, the network has the moving average of its weights, if the recipe uses one.

    The average is Polyak's (Polyak and Juditsky 1992).
    """
    if not recipe.averages:
        yield
        return
    weights = network.get_weights()
    network.optimizer.finalize_variable_values(network.trainable_variables)
    yield
    network.set_weights(weights)


def class_weights(labels: NDArray[np.int64], power: float) -> Targets:
    """The weight of a photo of each class, (7,): its class's share to the power of minus `power`, with a mean of 1.

    power: 0 weights all photos equally, 1 all classes equally.
    """
    counts = np.bincount(labels, minlength=len(CLASSES))
    weights = np.where(counts > 0, np.maximum(counts, 1.0) ** -power, 0.0)
    return np.asarray(weights * len(labels) / (weights * counts).sum(), dtype=np.float32)


def targets_of(labels: NDArray[np.int64], smoothing: float, weights: Targets) -> Targets:
    """The targets of the network, multiplied by the weights of the classes.

    smoothing: the share spread equally over all classes (Szegedy and others, CVPR 2016).
    """
    one_hot = np.eye(len(CLASSES), dtype=np.float32)[labels]
    return np.asarray((one_hot * (1 - smoothing) + smoothing / len(CLASSES)) * weights[labels, None])


def mix_up(pixels: Any, targets: Targets, share: float) -> tuple[Any, Targets]:
    """Mix each photo of a batch with the one at the same place in reverse order (mixup, Zhang and others 2018).

    pixels: (photos, 75, 100, 3) float32; share: of the first photo, 0-1.
    """
    return share * pixels + (1 - share) * pixels[::-1], share * targets + (1 - share) * targets[::-1]
