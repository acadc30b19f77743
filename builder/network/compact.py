"""The compact network for a quick first answer: residual blocks, and global average pooling."""

from __future__ import annotations

from typing import Any

from builder.classes import CLASSES
from builder.network import network

STEM_FILTERS = 24  # 3x3, stride 2: all that follows costs a quarter
# One block a stage; each but the first halves rows and columns.
STAGES = (
    24,  # filters: (B, 38, 50, 24)   19.7 million multiplications
    48,  # (B, 19, 25, 48)  15.3
    96,  # (B, 10, 13, 96)  16.8
    192,  # (B, 5, 7, 192)  18.1, and three quarters of all weights
)


@network(
    "the compact network",
    epochs=100,
    demo_epochs=40,
    demo_keep="last",
    augmentation="random",
    batch_photos=32,
    optimizer="adamw",
    learning_rate=3e-3,
    weight_decay=0.02,
    warm_up_epochs=2.0,
    averaging_epochs=2.5,
    label_smoothing=0.05,
    class_balance=0.25,
    mix_up=0.2,
    plain_share=0.2,
)
def compact(photo: Any, layers: Any) -> Any:
    """Four residual blocks (He and others, CVPR 2016), 694,063 parameters.

    Batch normalisation directly follows each convolution, so that it can be folded into the convolution: see
    builder/predict/batch_norm_folding.py.
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
    for stage, filters in enumerate(STAGES):
        values = residual(values, filters, stride=1 if stage == 0 else 2)
    values = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(values))
    return layers.Activation("softmax")(layers.Dense(len(CLASSES))(values))
