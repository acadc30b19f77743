"""Equalizes the channels between two convolutions, so that their kernels lose less precision in 8 bits.

A kernel is stored with one scale: a channel ten times smaller than the largest gets a tenth of the steps. If two
convolutions have only a ReLU between them, a channel can be scaled down in the first and scaled up by the same factor
in the second, and the network's output stays the same (Nagel and others, ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.network import Network
from builder.quiet_tensorflow import tf_keras


def equalize_layers(network: Network, spared: Collection[str]) -> None:
    """Change the kernels of a network in place; its batch normalisations must be folded already.

    spared: layers whose outputs must not change, because other parts than the next layer use them.
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
    """Give each channel between the layers the same range in both kernels: the geometric mean of the two."""
    (kernel, bias), (following, its_bias) = first.get_weights(), second.get_weights()
    by = _ratio(np.abs(kernel).max(axis=(0, 1, 2)), np.abs(following).max(axis=(0, 1, 3)))
    first.set_weights([kernel / by, bias / by])
    second.set_weights([following * by[:, None], its_bias])


def _ratio(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """The divisor of each channel in the first kernel; 1 if the channel is all zeros in one kernel."""
    is_used = (before > 0) & (after > 0)
    ratio = np.sqrt(np.where(is_used, before, 1) / np.where(is_used, after, 1))
    return np.asarray(ratio, dtype=np.float32)
