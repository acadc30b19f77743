"""What the network looked at: a heat map for one class (Grad-CAM, Selvaraju and others, ICCV 2017).

The page makes the same in `web_template/js/network.js`; the two must agree. Where each of its cells lies in the photo
stands in the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.network import Network
from builder.preprocess import HEIGHT_PX, WIDTH_PX
from builder.quiet_tensorflow import tensorflow, tf_keras
from builder.train import Pixels

Maps = NDArray[np.float64]  # (photos, 75, 100), 0-1

BATCH_PHOTOS = 32


def describe_explanation(network: Network) -> dict[str, Any]:
    """What the page needs for the heat map: names of layers, and where the cells of `features` lie.

    features: the last convolution, pooled if it is: what pooling passes on is all of it that the answer rests on.
    start_px: where the first cell begins, from the left and from the top alike; step_px: a cell's side.
    """
    layers = network.layers
    last = max(index for index, layer in enumerate(layers) if isinstance(layer, tf_keras.layers.Conv2D))
    after = layers[last + 1 :]
    features = last + (1 if isinstance(after[0], tf_keras.layers.Activation) else 0)
    if isinstance(layers[features + 1], tf_keras.layers.MaxPooling2D):
        features += 1
    start_px, step_px = _place_of_cells(layers[: features + 1])
    return {
        "features": layers[features].name,
        "logits": [layer.name for layer in layers if layer.weights][-1],
        "start_px": start_px,
        "step_px": step_px,
    }


def explain(network: Network, pixels: Pixels, classes: NDArray[np.int64]) -> Maps:
    """Where each photo speaks for its class: pixels (photos, 75, 100, 3), classes (photos,) indices."""
    facts = describe_explanation(network)
    names = [layer.name for layer in network.layers]
    beginning = tf_keras.Model(network.inputs, network.get_layer(facts["features"]).output)
    end = network.layers[names.index(facts["features"]) + 1 : names.index(facts["logits"]) + 1]
    maps = []
    for start in range(0, len(pixels), BATCH_PHOTOS):
        batch = slice(start, start + BATCH_PHOTOS)
        features = beginning(np.asarray(pixels[batch], dtype=np.float32))
        weights = _gradient(end, features, classes[batch]).sum(axis=(1, 2), keepdims=True)
        maps.append(np.maximum((features.numpy() * weights).sum(axis=3), 0))
    return _over_the_photo(np.concatenate(maps).astype(np.float64), facts)


def _gradient(end: list[Any], features: Any, classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of the class's logit, by the features."""
    with tensorflow.GradientTape() as tape:
        tape.watch(features)
        value = features
        for layer in end:
            value = layer(value, training=False) if isinstance(layer, tf_keras.layers.Dropout) else layer(value)
        logit = tensorflow.gather(value, classes, batch_dims=1)
    return np.asarray(tape.gradient(logit, features))


def _place_of_cells(layers: list[Any]) -> tuple[float, float]:
    start, step = 0.0, 1.0
    for layer in layers:
        if isinstance(layer, tf_keras.layers.Conv2D):
            if layer.padding == "valid":
                start += step * (layer.kernel_size[0] - 1) / 2
            step *= layer.strides[0]
        elif isinstance(layer, tf_keras.layers.MaxPooling2D):
            step *= layer.strides[0]
    return start, step


def _over_the_photo(maps: Maps, facts: Mapping[str, Any]) -> Maps:
    """Draw (photos, rows, columns) over the photo's pixels (bilinear, the outer cells drawn out), the highest as 1."""
    down = _shares(HEIGHT_PX, maps.shape[1], facts["start_px"], facts["step_px"])
    across = _shares(WIDTH_PX, maps.shape[2], facts["start_px"], facts["step_px"])
    drawn = down @ maps @ across.T
    highest = drawn.max(axis=(1, 2), keepdims=True)
    return np.asarray(drawn / np.where(highest > 0, highest, 1))


def _shares(pixels: int, cells: int, start_px: float, step_px: float) -> NDArray[np.float64]:
    """The share that each cell has in each pixel, (pixels, cells)."""
    place = np.clip((np.arange(pixels) + 0.5 - start_px) / step_px - 0.5, 0, cells - 1)
    low = np.minimum(np.floor(place).astype(int), max(cells - 2, 0))
    shares = np.zeros((pixels, cells))
    shares[np.arange(pixels), low] = 1 - (place - low)
    if cells > 1:
        shares[np.arange(pixels), low + 1] = place - low
    return shares
