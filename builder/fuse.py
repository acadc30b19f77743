"""A trained network made for answering: what always follows a convolution is drawn into it.

The normalisation of a batch is, once trained, a factor and a constant a channel, and the convolution before it can
carry both (Jacob and others, CVPR 2018, section 3.2). The answers stay the same, with one pass over memory less.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.network import Network
from builder.quiet_tensorflow import tf_keras

layers = tf_keras.layers
CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)


def fuse(network: Network) -> Network:
    """The same network without the normalisations that a convolution can carry; one without any as it is."""
    carried = {id(follower): layer for layer in network.layers if (follower := _normalisation_of(layer))}
    if not carried:
        return network
    tensors: dict[int, Any] = {id(network.layers[0]): network.inputs[0]}
    fused: dict[int, Any] = {}
    for layer in network.layers[1:]:
        values = [tensors[id(source)] for source in _sources(layer)]
        if _normalisation_of(layer):
            fused[id(layer)] = type(layer).from_config({**layer.get_config(), "use_bias": True})
            tensors[id(layer)] = fused[id(layer)](*values)
        elif id(layer) in carried:
            [tensors[id(layer)]] = values
        else:
            tensors[id(layer)] = layer(values if len(values) > 1 else values[0])
    answering = tf_keras.Model(network.inputs, tensors[id(network.layers[-1])], name=network.name)
    for layer in carried.values():
        fused[id(layer)].set_weights(_carrying(layer, _normalisation_of(layer)))
    return answering


def _normalisation_of(layer: Any) -> Any:
    """The normalisation that follows a convolution, if nothing lies between and nothing else takes its output."""
    if not isinstance(layer, CONVOLUTIONS) or layer.activation is not tf_keras.activations.linear:
        return None
    followers = [node.outbound_layer for node in layer.outbound_nodes]
    is_carried = len(followers) == 1 and isinstance(followers[0], layers.BatchNormalization)
    return followers[0] if is_carried else None


def _sources(layer: Any) -> list[Any]:
    sources = layer.inbound_nodes[0].inbound_layers
    return sources if isinstance(sources, list) else [sources]


def _carrying(convolution: Any, normalisation: Any) -> list[NDArray[np.float32]]:
    """Kernel and bias of the convolution with the normalisation in them."""
    gamma, beta, mean, variance = (
        np.asarray(values, dtype=np.float64)
        for values in (
            normalisation.gamma,
            normalisation.beta,
            normalisation.moving_mean,
            normalisation.moving_variance,
        )
    )
    kernel, *bias = (weights.astype(np.float64) for weights in convolution.get_weights())
    factor = gamma / np.sqrt(variance + normalisation.epsilon)
    # A depthwise kernel is (rows, columns, channels, 1), any other (rows, columns, channels before, channels).
    by_channel = factor[:, None] if isinstance(convolution, layers.DepthwiseConv2D) else factor
    constant = beta + ((bias[0] if bias else 0.0) - mean) * factor
    return [(kernel * by_channel).astype(np.float32), constant.astype(np.float32)]
