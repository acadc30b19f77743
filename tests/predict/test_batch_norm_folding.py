"""Normalisations drawn into convolutions: fewer layers, the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from builder.network import build_network
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.trained import predict
from builder.quiet_tensorflow import tf_keras

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 75, 100, 3), dtype=np.uint8)


def with_statistics(network):
    """As after a training: no mean is 0 and no variance 1."""
    random = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2, weights.shape) for weights in layer.get_weights()])
    return network


def test_the_compact_network_answers_the_same_without_normalisations() -> None:
    network = with_statistics(build_network("compact", seed=2))
    fused = fold_batch_norm(network)
    assert not [layer for layer in fused.layers if isinstance(layer, tf_keras.layers.BatchNormalization)]
    assert predict(fused, PHOTOS) == pytest.approx(predict(network, PHOTOS), abs=1e-5)
    # Each layer is one of this network alone: what it gives comes from this network's layers.
    inner = tf_keras.Model(fused.inputs, [layer.output for layer in fused.layers[1:]])
    assert {layer.name for layer in inner.layers} == {layer.name for layer in fused.layers}
    assert fused.name == "compact" and fused.count_params() < network.count_params()


def test_a_depthwise_convolution_carries_its_normalisation_too() -> None:
    photo = tf_keras.Input((75, 100, 3))
    values = tf_keras.layers.DepthwiseConv2D(3, depth_multiplier=1, use_bias=False)(photo)
    values = tf_keras.layers.GlobalAveragePooling2D()(tf_keras.layers.BatchNormalization()(values))
    network = with_statistics(tf_keras.Model(photo, values))
    assert predict(fold_batch_norm(network), PHOTOS) == pytest.approx(predict(network, PHOTOS), rel=1e-4)


def test_what_no_convolution_can_carry_stays() -> None:
    photo = tf_keras.Input((75, 100, 3))
    convolved = tf_keras.layers.Conv2D(4, 3)(photo)
    both = tf_keras.layers.Add()([convolved, tf_keras.layers.BatchNormalization()(convolved)])
    network = with_statistics(tf_keras.Model(photo, tf_keras.layers.GlobalAveragePooling2D()(both)))
    assert fold_batch_norm(network) is network
    assert fold_batch_norm(build_network("cnn")).name == "cnn"
