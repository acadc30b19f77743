"""A network that trains in no time and has what makes a training hard to resume: dropout and moving statistics."""

from __future__ import annotations

from builder.classes import CLASSES
from builder.network import Network
from builder.quiet_tensorflow import tf_keras


def small_network(seed: int) -> Network:
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(seed)
    layers = tf_keras.layers
    photo = tf_keras.Input((75, 100, 3))
    values = layers.Conv2D(8, 5, strides=5, use_bias=False)(layers.Rescaling(1 / 255)(photo))
    values = layers.Activation("relu")(layers.BatchNormalization()(values))
    values = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(values))
    return tf_keras.Model(photo, layers.Activation("softmax")(layers.Dense(len(CLASSES))(values)), name="small")
