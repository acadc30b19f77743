"""The networks: each is one function in one file of this folder, found by its name. This file holds what they share.

TensorFlow is imported only when a network is built: names and recipes are known without it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from builder.classes import CLASSES
from builder.errors import BuildError
from builder.setting import Setting, setting_of
from builder.wording import meant

# A tf_keras model; its package has no types of its own.
Network = Any
# From the photo's tensor (batch, 75, 100, 3) or larger, float32 in 0..255, and Keras's layers to the tensor (batch, 7)
# of probabilities; the last layers are a Dense one and its softmax, as an Activation of its own. What else it takes, by
# name only and each with a default, are its settings.
Layout = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Design:
    """The settings that the file of a network declares.

    recipe: differences from [network] and [training]. shards: the number of files for its weights; None: as many as
    their size needs. base: the network of tf_keras.applications that it is built on, with the same names of layers; its
    weights can be the initial ones.
    """

    name: str
    title: str
    layout: Layout
    recipe: Mapping[str, Any]
    shards: int | None
    base: str | None

    @property
    def settings(self) -> dict[str, Setting]:
        """The arguments of the layout function that the config can set, by name."""
        hints = get_type_hints(self.layout, include_extras=True)
        return {
            name: setting_of(hints.get(name, type(argument.default)), argument.default)
            for name, argument in inspect.signature(self.layout).parameters.items()
            if argument.kind is inspect.Parameter.KEYWORD_ONLY
        }


def network(
    title: str, *, shards: int | None = None, base: str | None = None, **recipe: Any
) -> Callable[[Layout], Design]:
    """Decorate the function that builds a network; the network has the function's name, which is the file's."""
    return lambda layout: Design(layout.__name__, title, layout, recipe, shards, base)


def network_names() -> list[str]:
    """The names of all networks."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def design_of(name: str) -> Design:
    """The design of the network `name`; raises a BuildError if there is none."""
    if name not in network_names():
        raise BuildError(
            f"there is no network {name[:80]!r}",
            remedy=f"{meant(name, network_names())}Name one of: {', '.join(network_names())}",
        )
    design: Design = getattr(importlib.import_module(f"{__name__}.{name}"), name)
    return design


def build_network(
    name: str, seed: int = 0, settings: Mapping[str, Any] | None = None, width_px: int | None = None
) -> Network:
    """The untrained network: input (batch, 75, 100, 3) float32 in 0..255, output (batch, 7) probabilities.

    settings: layout settings that differ from the defaults. seed: of the initial kernels. Dropout uses generators that
    training sets again for each epoch. width_px: another input width; the height follows from 4:3.
    """
    from builder.photo.size import WIDTH_PX, height_for
    from builder.quiet_tensorflow import tensorflow, tf_keras

    width_px = width_px or WIDTH_PX
    # Or the layers' names count on from the network built before. A strategy's scope lives in what would be cleared.
    is_distributed = tensorflow.distribute.has_strategy()
    (tf_keras.backend.reset_uids if is_distributed else tf_keras.backend.clear_session)()
    photo = tf_keras.Input(shape=(height_for(width_px), width_px, 3))
    built = tf_keras.Model(photo, design_of(name).layout(photo, tf_keras.layers, **(settings or {})), name=name)
    if built.output_shape != (None, len(CLASSES)):
        raise BuildError(
            f"the network '{name}' gives {built.output_shape[1:]}", remedy=f"let it give {len(CLASSES)} probabilities"
        )
    if built.layers[-1].dtype_policy.compute_dtype != "float32":  # mixed precision: too coarse for probabilities
        answer = tf_keras.layers.Activation("softmax", dtype="float32", name=built.layers[-1].name)
        built = tf_keras.Model(photo, answer(built.layers[-1].input), name=name)
    _draw_kernels(built, seed)
    return built


def _draw_kernels(built: Network, seed: int) -> None:
    """Initialise each kernel from a seed of its own: Keras's would depend on what was drawn before."""
    from builder.quiet_tensorflow import tf_keras

    drawing = [layer for layer in built.layers if _kernel_of(layer) or isinstance(layer, tf_keras.layers.Dropout)]
    for number, layer in enumerate(drawing):
        if found := _kernel_of(layer):
            kernel, initializer = found
            config = initializer.get_config()
            if "seed" in config:  # not of constants
                kernel.assign(type(initializer).from_config({**config, "seed": seed + number})(kernel.shape))


def _kernel_of(layer: Any) -> tuple[Any, Any] | None:
    for kernel, initializer in (("depthwise_kernel", "depthwise_initializer"), ("kernel", "kernel_initializer")):
        if getattr(layer, kernel, None) is not None:
            return getattr(layer, kernel), getattr(layer, initializer)
    return None


def seed_dropout(built: Network, *seed: int) -> None:
    """Set the generator of every Dropout layer, so that an epoch draws the same masks in every run."""
    from builder.quiet_tensorflow import tf_keras

    for index, layer in enumerate(built.layers[1:]):  # the first is the input
        if isinstance(layer, tf_keras.layers.Dropout):
            layer._random_generator._generator.reset_from_seed(hash_seed(*seed, index))


def hash_seed(*parts: int) -> int:
    """Mix whole numbers into one seed of 31 bits (numpy's SeedSequence)."""
    import numpy as np

    return int(np.random.SeedSequence(parts).generate_state(1)[0] >> 1)
