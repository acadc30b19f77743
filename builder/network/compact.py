"""The compact network, for a quick first answer: residual blocks, and means in place of the large matrix."""

from __future__ import annotations

from typing import Any

from builder.classes import CLASSES
from builder.network import network

STEM_FILTERS = 16  # 3x3, stride 2: all that follows costs a quarter
# Each stage but the first halves rows and columns at its first block.
STAGES = (
    # filters, blocks
    (16, 1),  # (B, 38, 50, 16)   8.8 million multiplications
    (48, 1),  # (B, 19, 25, 48)  13.5
    (96, 2),  # (B, 10, 13, 96)  38.3
    (160, 1),  # (B, 5, 7, 160)  13.4, and half of all weights
)


@network(
    "the compact network",
    epochs=80,
    demo_epochs=40,
    demo_keep="last",
    augmentation="random",
    batch_photos=32,
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=0.02,
    warm_up_epochs=2.0,
    averaging_epochs=2.5,
    label_smoothing=0.05,
    class_balance=0.5,
)
def compact(photo: Any, layers: Any) -> Any:
    """Four stages of residual blocks (He and others, CVPR 2016), 718,103 parameters.

    A normalisation follows each convolution at once, so that it can be drawn into it: see builder/fuse.py.
    """

    def convolution(values: Any, filters: int, size: int = 3, stride: int = 1, scale: str = "ones") -> Any:
        convolve = layers.Conv2D(filters, size, stride, "same", use_bias=False, kernel_initializer="he_normal")
        # Moving statistics of the last 30 batches or so.
        return layers.BatchNormalization(momentum=0.97, gamma_initializer=scale)(convolve(values))

    def residual(values: Any, filters: int, stride: int) -> Any:
        shortcut = values
        if stride == 2:  # the mean of 2x2: a strided 1x1 would drop three of four (He and others, CVPR 2019)
            shortcut = layers.AveragePooling2D(2, padding="same")(shortcut)
        if values.shape[-1] != filters:
            shortcut = convolution(shortcut, filters, size=1)
        values = layers.Activation("relu")(convolution(values, filters, stride=stride))
        # The last scale starts at zero: at first the block is its shortcut (Goyal and others, 2017).
        return layers.Activation("relu")(layers.Add()([shortcut, convolution(values, filters, scale="zeros")]))

    values = layers.Rescaling(1 / 64, offset=-2.4)(photo)  # dermatoscopic photos are then near 0 +- 1
    values = layers.Activation("relu")(convolution(values, STEM_FILTERS, stride=2))
    for stage, (filters, blocks) in enumerate(STAGES):
        for block in range(blocks):
            values = residual(values, filters, stride=2 if stage > 0 and block == 0 else 1)
    values = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(values))
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
