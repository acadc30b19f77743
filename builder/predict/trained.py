"""Loads a trained network and predicts probabilities for photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.classes import CLASSES
from builder.data.pixel_file import StoredPixels
from builder.files.regular import read_json
from builder.network import Network, build_network
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.progress import Advance

BATCH_PHOTOS = 32  # no effect on results; larger batches are not faster on a CPU
Pixels = StoredPixels | NDArray[np.uint8]  # (photos, 75, 100, 3), read batch by batch


def load_network(trained: Path) -> Network:
    """The network that `train_network` saved in `trained`, with batch normalisation folded into its convolutions."""
    built = read_json(trained / "network.json")
    network = build_network(built["name"], settings=built["settings"], width_px=built["width_px"])
    network.load_weights(trained / "network.weights.h5")
    return fold_batch_norm(network)


def predict(network: Network, pixels: Pixels, advance: Advance | None = None) -> NDArray[np.float32]:
    """Probabilities (photos, 7) for pixels (photos, 75, 100, 3) uint8."""
    batches = [network.predict_on_batch(batch) for batch in in_batches(pixels, advance)]
    return np.concatenate(batches) if batches else np.empty((0, len(CLASSES)), dtype=np.float32)


def in_batches(pixels: Pixels, advance: Advance | None = None) -> Iterator[NDArray[np.float32]]:
    """The photos in batches for a network; `advance` counts a batch when the next one is requested."""
    for start in range(0, len(pixels), BATCH_PHOTOS):
        batch = np.asarray(pixels[start : start + BATCH_PHOTOS], dtype=np.float32)
        yield batch
        if advance:
            advance(len(batch))
