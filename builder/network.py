"""The networks, layer for layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.classes import CLASSES
from builder.preprocess import HEIGHT_PX, WIDTH_PX
from builder.quiet_tensorflow import tf_keras

layers = tf_keras.layers

# A tf_keras model; its package has no types of its own.
Network = Any


def build_cnn(seed: int = 0) -> Network:
    """The origin network: 27 layers with its input, 26,036,551 parameters.

    Input (batch, 75, 100, 3) float32 in 0..255, not scaled, as in the origin; output (batch, 7) probabilities.
    seed: draws the Glorot-uniform kernels. Dropout draws from generators that training sets anew each epoch.
    """
    tf_keras.backend.clear_session()  # or the layers' names count on from the network built before
    seeds = iter(range(seed, seed + 100))

    def convolution(filters: int, padding: str) -> list[Any]:
        kernel = tf_keras.initializers.GlorotUniform(seed=next(seeds))
        return [layers.Conv2D(filters, 3, padding=padding, kernel_initializer=kernel), layers.Activation("relu")]

    def dense(units: int, activation: str) -> list[Any]:
        kernel = tf_keras.initializers.GlorotUniform(seed=next(seeds))
        return [layers.Dense(units, kernel_initializer=kernel), layers.Activation(activation)]

    def dropout(rate: float) -> Any:
        return layers.Dropout(rate, seed=next(seeds), rng_type="stateful")

    stack = [tf_keras.Input(shape=(HEIGHT_PX, WIDTH_PX, 3))]  # (B, 75, 100, 3)
    for _ in range(5):
        stack += convolution(64, "same")
    stack += convolution(64, "valid")  # (B, 73, 98, 64)
    stack += [layers.MaxPooling2D(), dropout(0.25)]  # (B, 36, 49, 64)
    stack += convolution(128, "same")
    stack += convolution(128, "valid")  # (B, 34, 47, 128)
    stack += [layers.MaxPooling2D(), dropout(0.25)]  # (B, 17, 23, 128)
    stack += [layers.Flatten()]  # (B, 50048): 98 % of all weights lie between here and the next layer
    stack += dense(512, "relu")
    stack += [dropout(0.5)]
    stack += dense(len(CLASSES), "softmax")
    return tf_keras.Sequential(stack, name="cnn")


def seed_dropout(network: Network, *seed: int) -> None:
    """Set the generator of every Dropout layer, so that an epoch draws the same masks whenever it is run."""
    for index, layer in enumerate(network.layers):
        if isinstance(layer, layers.Dropout):
            layer._random_generator._generator.reset_from_seed(hash_seed(*seed, index))


def hash_seed(*parts: int) -> int:
    """Mix whole numbers into one seed of 31 bits (numpy's SeedSequence)."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0] >> 1)
