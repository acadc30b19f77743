"""Grad-CAM: a heat map of what speaks for one class (Selvaraju and others, ICCV 2017).

The page computes the same in `web_template/js/network/network.js`; the two must agree. The card says where in the photo
each cell lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.network import Network
from builder.predict.trained import BATCH_PHOTOS, Pixels, in_batches
from builder.quiet_tensorflow import tensorflow, tf_keras

Maps = NDArray[np.float64]  # (photos, height, width) of the network's input, 0-1


def describe_grad_cam(network: Network) -> dict[str, Any]:
    """What the page needs for the heat map: names of layers, and the position of the cells of `features`.

    features: the last layer with rows and columns, apart from Dropout; every answer depends on it. top_px, left_px:
    where its first cell begins; step_px: a cell's side.
    """
    features = [layer for layer in network.layers if len(layer.output.shape) == 4 and not _is_dropout(layer)][-1]
    (top_px, left_px), step_px = _place_of_cells(features)
    return {
        "features": features.name,
        "logits": [layer.name for layer in network.layers if layer.weights][-1],
        "top_px": top_px,
        "left_px": left_px,
        "step_px": step_px,
    }


def grad_cam(network: Network, pixels: Pixels, classes: NDArray[np.int64]) -> Maps:
    """Heat maps of each photo for its class: pixels (photos, height, width, 3), classes (photos,) indices."""
    facts = describe_grad_cam(network)
    names = [layer.name for layer in network.layers]
    beginning = tf_keras.Model(network.inputs, network.get_layer(facts["features"]).output)
    end = network.layers[names.index(facts["features"]) + 1 : names.index(facts["logits"]) + 1]
    maps = []
    for number, batch in enumerate(in_batches(pixels)):
        features = beginning(batch)
        own = classes[number * BATCH_PHOTOS :][: len(batch)]
        weights = _gradient(end, features, own).sum(axis=(1, 2), keepdims=True)
        maps.append(np.maximum((features.numpy() * weights).sum(axis=3), 0))
    height, width = network.input_shape[1:3]
    return _over_the_photo(np.concatenate(maps).astype(np.float64), facts, height, width)


def _gradient(end: list[Any], features: Any, classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The gradient of the class's logit with respect to the features."""
    with tensorflow.GradientTape() as tape:
        tape.watch(features)
        value = features
        for layer in end:
            value = layer(value, training=False) if _is_dropout(layer) else layer(value)
        logit = tensorflow.gather(value, classes, batch_dims=1)
    return np.asarray(tape.gradient(logit, features))


def _is_dropout(layer: Any) -> bool:
    return isinstance(layer, tf_keras.layers.Dropout)


def _place_of_cells(layer: Any) -> tuple[tuple[float, float], float]:
    """The position of a layer's cells in the photo: top and left of the first one, and the side of each."""
    inbound = layer.inbound_nodes[0].inbound_layers if layer.inbound_nodes[0].inbound_layers else []
    if not inbound:
        return (0.0, 0.0), 1.0  # the photo itself
    before = inbound[0] if isinstance(inbound, list) else inbound  # the branches of a sum see the same places
    (top, left), step = _place_of_cells(before)
    if isinstance(layer, tf_keras.layers.ZeroPadding2D):
        return (top - step * layer.padding[0][0], left - step * layer.padding[1][0]), step
    window = getattr(layer, "pool_size", None) or getattr(layer, "kernel_size", None)
    if len(layer.output.shape) < 4 or window is None:
        return (top, left), step
    stride, starts = layer.strides[0], []
    for start, size, reach in zip((top, left), before.output.shape[1:3], window, strict=True):
        # What a cell sees is its middle, moved by the padding before the first row or column.
        padded = max((-(-size // stride) - 1) * stride + reach - size, 0) // 2 if layer.padding == "same" else 0
        starts.append(start + step * ((reach - stride) / 2 - padded))
    return (starts[0], starts[1]), step * stride


def _over_the_photo(maps: Maps, facts: Mapping[str, Any], height: int, width: int) -> Maps:
    """Resize (photos, rows, columns) to the photo's pixels (bilinear, outer cells extended), with a maximum of 1."""
    down = _shares(height, maps.shape[1], facts["top_px"], facts["step_px"])
    across = _shares(width, maps.shape[2], facts["left_px"], facts["step_px"])
    drawn = down @ maps @ across.T
    highest = drawn.max(axis=(1, 2), keepdims=True)
    return np.asarray(drawn / np.where(highest > 0, highest, 1))


def _shares(pixels: int, cells: int, start_px: float, step_px: float) -> NDArray[np.float64]:
    """The share of each cell in each pixel, (pixels, cells)."""
    place = np.clip((np.arange(pixels) + 0.5 - start_px) / step_px - 0.5, 0, cells - 1)
    low = np.minimum(np.floor(place).astype(int), max(cells - 2, 0))
    shares = np.zeros((pixels, cells))
    shares[np.arange(pixels), low] = 1 - (place - low)
    if cells > 1:
        shares[np.arange(pixels), low + 1] = place - low
    return shares
