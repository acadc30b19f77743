"""The origin network with one channel: what it can recognise without colour."""

from __future__ import annotations

from typing import Any

from builder.network import network
from builder.network.cnn import cnn

# Of red, green and blue, as eyes weigh them (Rec. ITU-R BT.601).
LUMA = [0.299, 0.587, 0.114]


@network("the origin network without colour", shards=25)
def grayscale(photo: Any, layers: Any) -> Any:
    """The conversion to grey is a layer without weights, so that the page feeds it the same photos as all networks."""
    to_grey = {"class_name": "Constant", "config": {"value": LUMA}}
    grey = layers.Conv2D(1, 1, use_bias=False, kernel_initializer=to_grey, trainable=False, name="grey")(photo)
    return cnn.layout(grey, layers)
