"""A small network for a quick first answer: residual blocks, and means in place of the large matrix."""

from __future__ import annotations

from typing import Any

from builder.classes import CLASSES
from builder.network import network

WIDTHS = (24, 48, 96, 192)  # channels, twice as many wherever rows and columns halve


@network(
    "the compact network",
    epochs=100,
    demo_epochs=30,
    keep="last",
    demo_keep="last",
    augmentation="random",
    batch_photos=64,
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=0.05,
    warm_up_epochs=3.0,
    averaging=0.998,
    label_smoothing=0.05,
    class_balance=0.5,
    mix_up=0.2,
)
def compact(photo: Any, layers: Any) -> Any:
    """Residual blocks (He and others, CVPR 2016) whose shortcuts average where they halve."""

    def convolution(values: Any, filters: int, size: int = 3, stride: int = 1) -> Any:
        values = layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(
            values
        )
        return layers.BatchNormalization(momentum=0.97)(values)

    def block(values: Any, filters: int, stride: int) -> Any:
        shortcut = values
        if stride > 1:
            shortcut = convolution(layers.AveragePooling2D(stride, padding="same")(values), filters, size=1)
        values = layers.Activation("relu")(convolution(values, filters, stride=stride))
        return layers.Activation("relu")(layers.Add()([shortcut, convolution(values, filters)]))

    values = layers.Rescaling(1 / 64, offset=-2.4)(photo)  # to about zero mean and unit variance
    values = layers.Activation("relu")(convolution(values, WIDTHS[0], stride=2))  # (B, 38, 50, 24)
    values = block(values, WIDTHS[0], 1)
    for width in WIDTHS[1:]:
        values = block(values, width, 2)
    values = layers.GlobalAveragePooling2D()(values)
    values = layers.Dropout(0.2)(values)
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
