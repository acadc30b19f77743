"""Evens out the channels between two convolutions, so that their kernels lose less in 8 bits.

A kernel is stored by one scale: where one of its channels is ten times as large as another, the smaller one has a tenth
of the steps. Between two convolutions with nothing but a ReLU between them, a channel can be made smaller in the first
and larger by as much in the second, and the network answers the same (Nagel and others, ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.network import Network
from builder.quiet_tensorflow import tf_keras


def equalize_layers(network: Network, spared: Collection[str]) -> None:
    """Change the kernels of a fused network in place.

    spared: layers whose values must stay as they are, because others than the next layer look at them.
    """
    for layer in network.layers:
        following = _only_consumer(layer)
        if layer.name not in spared and _is_convolution(layer, "relu") and _is_convolution(following):
            _even_out(layer, following)


def _only_consumer(layer: Any) -> Any:
    consumers = layer.outbound_nodes
    return consumers[0].outbound_layer if len(consumers) == 1 else None


def _is_convolution(layer: Any, activation: str | None = None) -> bool:
    if type(layer) is not tf_keras.layers.Conv2D or layer.groups != 1 or not layer.use_bias:
        return False
    return activation is None or layer.activation is getattr(tf_keras.activations, activation)


def _even_out(first: Any, second: Any) -> None:
    """Give each channel between them the same range in both kernels: the geometric mean of the two."""
    (kernel, bias), (following, its_bias) = first.get_weights(), second.get_weights()
    by = _ratio(np.abs(kernel).max(axis=(0, 1, 2)), np.abs(following).max(axis=(0, 1, 3)))
    first.set_weights([kernel / by, bias / by])
    second.set_weights([following * by[:, None], its_bias])


def _ratio(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """By what each channel is divided in the first kernel; a channel that is all zeros in one stays."""
    is_used = (before > 0) & (after > 0)
    ratio = np.sqrt(np.where(is_used, before, 1) / np.where(is_used, after, 1))
    return np.asarray(ratio, dtype=np.float32)
