"""The origin network, layer for layer: 27 of them, 26,036,551 parameters, trained by the origin's recipe."""

from __future__ import annotations

from typing import Any

from builder.classes import CLASSES
from builder.network import network


@network("the origin network", shards=25)  # as many as the origin has
def cnn(photo: Any, layers: Any) -> Any:
    """Takes the photo as it is, 0..255: the origin does not scale it."""

    def convolution(values: Any, filters: int, padding: str) -> Any:
        return layers.Activation("relu")(layers.Conv2D(filters, 3, padding=padding)(values))

    values = photo  # (B, 75, 100, 3)
    for _ in range(5):
        values = convolution(values, 64, "same")
    values = convolution(values, 64, "valid")  # (B, 73, 98, 64)
    values = layers.Dropout(0.25)(layers.MaxPooling2D()(values))  # (B, 36, 49, 64)
    values = convolution(values, 128, "same")
    values = convolution(values, 128, "valid")  # (B, 34, 47, 128)
    values = layers.Dropout(0.25)(layers.MaxPooling2D()(values))  # (B, 17, 23, 128)
    values = layers.Flatten()(values)  # (B, 50048): 98 % of all weights lie between here and the next layer
    values = layers.Activation("relu")(layers.Dense(512)(values))
    values = layers.Dropout(0.5)(values)
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
