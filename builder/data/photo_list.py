"""A list of the photos that a network was made from, without their pixels, by which they can be recognised."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.data.near_identical import likeness_of
from builder.data.store import load_photos, stored_pixels
from builder.files.regular import read_text
from builder.progress import steps

BLOCK_PHOTOS = 256  # read at a time: 6 MB


class ListedPhoto(NamedTuple):
    """One photo. part: training, validation, test or "" (unused).

    The ids are public ones or numbers. pixels, likeness: hashes of the photo at 100 x 75 pixels, also for networks with
    larger inputs.
    """

    image_id: str
    lesion_id: str
    part: str
    pixels: str
    likeness: str


def pixels_hash(pixels: NDArray[np.uint8]) -> str:
    """The SHA-256 of a photo's pixels, (75, 100, 3)."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def list_photos(photos: Path, part_of: Sequence[str]) -> list[ListedPhoto]:
    """List the photos in a result of the data stage; part_of: the part of each photo."""
    table = load_photos(photos)
    ids = list(zip(table.image_ids.tolist(), table.lesion_ids.tolist(), part_of, strict=True))
    pixels = stored_pixels(photos, np.arange(len(ids)))
    listed = []
    with steps("listing photos", len(ids)) as advance:
        for start in range(0, len(ids), BLOCK_PHOTOS):
            block = pixels[start : start + BLOCK_PHOTOS]
            for names, photo in zip(ids[start : start + BLOCK_PHOTOS], block, strict=True):
                listed.append(ListedPhoto(*names, pixels_hash(photo), likeness_of(photo)))
            advance(len(block))
    return listed


def write_photo_list(listed: Iterable[ListedPhoto], file: Path) -> None:
    with open(file, "w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows([ListedPhoto._fields, *listed])


def read_photo_list(file: Path) -> list[ListedPhoto]:
    """Read a list of photos. Raises ValueError if the file is no such list, OSError if it cannot be read."""
    header, *rows = csv.reader(read_text(file).splitlines())
    if tuple(header) != ListedPhoto._fields or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{file} is no list of photos")
    return [ListedPhoto(*row) for row in rows]
