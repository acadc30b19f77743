"""Training in stages, for a network on a base that has learned already: first what is new, then some of the base too.

While new layers are still as they were drawn, what they ask of the base is noise, and would undo what it has learned
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
    """Make the layers stand still or learn, as they do in that epoch; returns the recipe of its stage alone.

    It takes effect once the network is compiled. Normalisations of the base go on by the statistics that they came
    with: those of a few batches would undo what it has learned.
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
    """Whether the base learns from that epoch on, and did not before."""
    return 0 < recipe.frozen_epochs == epoch - 1 and bool(base_layers(network))
