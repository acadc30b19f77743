"""The origin network, layer by layer: 27 layers, 26,036,551 parameters, trained by the origin's recipe."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from builder.classes import CLASSES
from builder.network import network


@network("the origin network", shards=25)  # as many as the origin has
def cnn(
    photo: Any,
    layers: Any,
    *,
    convolutions: Annotated[int, (1, 12)] = 6,
    dropout: Annotated[float, (0, 0.9)] = 0.25,
    dense_dropout: Annotated[float, (0, 0.9)] = 0.5,
    activation: Literal["relu", "elu", "selu", "swish", "tanh"] = "relu",
) -> Any:
    """Its input is the photo in 0..255: the origin does not scale it.

    The defaults are the origin's; the arguments are what it searched over. convolutions: those before the first
    pooling. dropout: after each pooling. dense_dropout: before the last layer.
    """

    def convolution(values: Any, filters: int, padding: str) -> Any:
        return layers.Activation(activation)(layers.Conv2D(filters, 3, padding=padding)(values))

    values = photo  # (B, 75, 100, 3)
    for _ in range(convolutions - 1):
        values = convolution(values, 64, "same")
    values = convolution(values, 64, "valid")  # (B, 73, 98, 64)
    values = layers.Dropout(dropout)(layers.MaxPooling2D()(values))  # (B, 36, 49, 64)
    values = convolution(values, 128, "same")
    values = convolution(values, 128, "valid")  # (B, 34, 47, 128)
    values = layers.Dropout(dropout)(layers.MaxPooling2D()(values))  # (B, 17, 23, 128)
    values = layers.Flatten()(values)  # (B, 50048): 98 % of all weights lie between here and the next layer
    values = layers.Activation(activation)(layers.Dense(512)(values))
    values = layers.Dropout(dense_dropout)(values)
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
