"""Third stage: makes one augmented copy of each training photo, mirrored or zoomed, which doubles the training part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.config.training import AugmentConfig
from builder.data.pixel_file import StoredPixels, appending_pixels
from builder.data.store import load_photos, stored_pixels
from builder.split import load_parts

BLOCK_PHOTOS = 256  # held in memory at a time: 6 MB


def augment_training(photos: Path, split: Path, rules: AugmentConfig, into: Path) -> None:
    """Stage entry: save the training photos followed by their augmented copies, with labels, in `into`."""
    table, training = load_photos(photos), load_parts(split)["training"]
    pixels, labels = stored_pixels(photos, training), table.labels[training]
    with appending_pixels(into / "pixels.npy", width_px=table.pixels.shape[2]) as writer:
        for start in range(0, len(pixels), BLOCK_PHOTOS):
            writer.append(pixels[start : start + BLOCK_PHOTOS])
        for augmented in draw_copies(pixels, rules.mirror_share, rules.zoom_keep_share, rules.seed):
            writer.append(augmented)
    np.save(into / "labels.npy", np.concatenate([labels, labels]))


def draw_copies(
    pixels: StoredPixels | NDArray[np.uint8], mirror_share: float, zoom_keep_share: float, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """One copy per photo, in order: mirrored left-right for a random `mirror_share`, zoomed for the others.

    pixels: (photos, height, width, 3). Yields photos of (height, width, 3).
    """
    count = len(pixels)
    is_mirrored = np.zeros(count, dtype=bool)
    is_mirrored[np.random.default_rng(seed).permutation(count)[: round(mirror_share * count)]] = True
    for start in range(0, count, BLOCK_PHOTOS):
        for index, photo in enumerate(pixels[start : start + BLOCK_PHOTOS], start):
            yield photo[:, ::-1] if is_mirrored[index] else zoom(photo, zoom_keep_share)


def zoom(photo: NDArray[np.uint8], keep_share: float) -> NDArray[np.uint8]:
    """Crop the central `keep_share` of each side and resize it to the full frame (bilinear).

    The origin intends this, but its negative indices crop towards the bottom right.
    """
    height, width = photo.shape[:2]
    left, top = width * (1 - keep_share) / 2, height * (1 - keep_share) / 2
    box = (left, top, width - left, height - top)
    resized = Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)
