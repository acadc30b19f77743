"""Finds photos that are nearly the same: taken twice in one sitting, stored twice, compressed or lit anew."""

from __future__ import annotations

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

# A perceptual hash alone takes one round spot on pale skin for another: among 8,584 photos of HAM10000, 255 of 353 pairs
# within 4 bits show different lesions. So the hash only proposes; hairs, pores and borders decide, and leave none of them.
HASH_BITS_APART = 4  # of 64
FINE_ALIKE = 0.65  # correlation of what is left when the photo's coarse structure is taken away
COARSE_RADIUS_PX = 4  # of 100 x 75

Pair = tuple[int, int]


def near_identical_pairs(pixels: NDArray[np.uint8]) -> list[Pair]:
    """Positions of photos that are nearly the same, lower first, sorted; pixels: (photos, 75, 100, 3).

    A turned or mirrored copy is not found. Time grows with the square of their number: 8,584 photos take 4 s, 100,000 about a minute.
    """
    hashes = perceptual_hashes(pixels)
    pairs = []
    for first in range(len(hashes) - 1):
        apart = np.bitwise_count(hashes[first + 1 :] ^ hashes[first])
        for second in (np.flatnonzero(apart <= HASH_BITS_APART) + first + 1).tolist():
            if _are_alike_in_fine(pixels[first], pixels[second]):
                pairs.append((first, second))
    return pairs


def perceptual_hashes(pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of each photo's coarse structure, shape (photos,)."""
    bits = np.array([imagehash.phash(Image.fromarray(photo)).hash.ravel() for photo in pixels], dtype=bool)
    return np.packbits(bits.reshape(-1, 64), axis=1).view(np.uint64).ravel()


def _are_alike_in_fine(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    one, other = _fine(first), _fine(second)
    length = np.sqrt((one * one).sum() * (other * other).sum())
    if length == 0:  # no structure at all: a plain area
        return bool((first == second).all())
    return bool((one * other).sum() >= FINE_ALIKE * length)


def _fine(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey = Image.fromarray(photo).convert("L")
    fine = np.asarray(grey, np.float64) - np.asarray(grey.filter(ImageFilter.BoxBlur(COARSE_RADIUS_PX)), np.float64)
    return fine - fine.mean()
