"""A list of the photos that a network was made from, without their pixels, by which they can be recognised."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.data.near_identical import likeness_of
from builder.data.store import load_photos, stored_pixels
from builder.files.regular import MOST_BYTES, open_file
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
    """Write the list as gzipped CSV: most of it is hashes, which take half the bytes so."""
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows([ListedPhoto._fields, *listed])
    file.write_bytes(gzip.compress(lines.getvalue().encode(), mtime=0))


def read_photo_list(file: Path) -> list[ListedPhoto]:
    """Read a list of photos. Raises ValueError if the file is no such list, OSError if it cannot be read."""
    try:
        with open_file(file, MOST_BYTES) as packed, gzip.open(packed) as unpacked:
            lines = unpacked.read(MOST_BYTES).decode()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{file} is no list of photos ({error})") from error
    header, *rows = csv.reader(lines.splitlines())
    if tuple(header) != ListedPhoto._fields or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{file} is no list of photos")
    return [ListedPhoto(*row) for row in rows]
