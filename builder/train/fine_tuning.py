"""Two-stage training of a network on a pretrained base: first the new layers, then a part of the base too.

While the new layers are still random, their gradients are noise for the base, and would destroy what it has learned
(Keras's guide to transfer learning and fine-tuning).
"""

from __future__ import annotations

from dataclasses import replace

from builder.config.training import TrainingConfig
from builder.errors import BuildError
from builder.network import Network
from builder.quiet_tensorflow import tf_keras
from builder.train.base import base_layers


def enter_stage(network: Network, recipe: TrainingConfig, epoch: int) -> TrainingConfig:
    """Freeze or unfreeze layers for that epoch; returns the recipe of its training stage.

    It takes effect when the network is compiled. Batch normalisations of the base keep their statistics: statistics of
    a few batches would destroy what the base has learned.
    """
    base = base_layers(network) if recipe.frozen_epochs else []
    if not base:
        return recipe
    if recipe.fine_tune_from not in ("", *(layer.name for layer in base)):
        raise BuildError(
            f"the base of '{network.name}' has no layer '{recipe.fine_tune_from}'",
            remedy=f"set fine_tune_from to one of: {', '.join(layer.name for layer in base)}",
        )
    is_frozen = epoch <= recipe.frozen_epochs
    learns = False
    for layer in base:
        learns = learns or (not is_frozen and recipe.fine_tune_from in ("", layer.name))
        layer.trainable = learns and not isinstance(layer, tf_keras.layers.BatchNormalization)
    if is_frozen:
        return replace(recipe, epochs=min(recipe.epochs, recipe.frozen_epochs))
    return replace(recipe, epochs=recipe.epochs - recipe.frozen_epochs, learning_rate=recipe.fine_tune_rate)


def begins_stage(network: Network, recipe: TrainingConfig, epoch: int) -> bool:
    """Whether the base becomes trainable at that epoch."""
    return 0 < recipe.frozen_epochs == epoch - 1 and bool(base_layers(network))
