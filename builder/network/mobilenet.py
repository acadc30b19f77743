"""MobileNet (Howard and others, 2017) with ImageNet weights, and the head that the origin put on it."""

from __future__ import annotations

from typing import Any

from builder.classes import CLASSES
from builder.network import network

MOMENTUM = 0.97  # of a normalisation's moving statistics: the last 30 batches or so


@network(
    "MobileNet",
    base="MobileNet",
    epochs=30,
    demo_epochs=30,
    demo_keep="last",
    augmentation="random",
    batch_photos=32,
    optimizer="adamw",
    learning_rate=1e-3,
    weight_decay=0.02,
    warm_up_epochs=1.0,
    averaging_epochs=2.0,
    label_smoothing=0.05,
    class_balance=0.5,
    frozen_epochs=5,
    fine_tune_from="conv_dw_7",  # the second half: what comes before sees edges and colours, as on any picture
    fine_tune_rate=2e-4,
)
def mobilenet(photo: Any, layers: Any) -> Any:
    """The origin's head: max pooling, then two dense layers with dropout and normalisation; 3,498,183 parameters."""
    from builder.quiet_tensorflow import tf_keras  # where a recipe is only read, TensorFlow is not waited for

    def normalised(values: Any) -> Any:
        return layers.BatchNormalization(momentum=MOMENTUM)(values)

    values = layers.Rescaling(1 / 127.5, offset=-1)(photo)  # to -1..1, as on ImageNet
    base = tf_keras.applications.MobileNet(include_top=False, weights=None, input_tensor=values)
    for layer in base.layers:  # for when it is initialised again: Keras's momentum is meant for far more photos
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
        if isinstance(layer, layers.DepthwiseConv2D):  # each channel has nine inputs; Glorot would count all channels'
            layer.depthwise_initializer = tf_keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5)
    values = layers.GlobalMaxPooling2D()(base.output)  # (B, 2, 3, 1024) to (B, 1024)
    values = normalised(layers.Dropout(0.1)(values))
    values = layers.Activation("relu")(layers.Dense(256)(values))
    values = normalised(layers.Dropout(0.1)(values))
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
