"""Reads MedMNIST's DermaMNIST (`.npz`, 28 to 224 pixels a side) with its published parts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from builder.data.sources.archives import UNREADABLE, why_not_unpacked
from builder.data.sources.arrays import read_labels
from builder.data.sources.ham10000 import CITATION, PART_NAMES
from builder.data.sources.listing import Entry, LeftOut, Listing, Row
from builder.data.sources.npy_header import data_bytes, read_header
from builder.errors import BuildError
from builder.files.regular import status_of
from builder.formatting import counted
from builder.photo.frame import stretch
from builder.photo.size import WIDTH_PX, height_for

PARTS = ("train", "val", "test")
SIDES_PX = (28, 64, 128, 224)
# By MedMNIST's own description (github.com/MedMNIST/MedMNIST, medmnist/info.py, "dermamnist"): 0 actinic keratoses
# and intraepithelial carcinoma, 1 basal cell carcinoma, 2 benign keratosis-like lesions, 3 dermatofibroma,
# 4 melanoma, 5 melanocytic nevi, 6 vascular lesions. That is this project's order too.
CODE_OF_LABEL = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
LEAKAGE = (
    "DermaMNIST was split by photo: photos of one lesion are known to be on both sides of its split, and it does not "
    "say which (Abhishek, Jain, Hamarneh, Scientific Data 12:196, 2025; arXiv:2401.14497, 2024). Figures measured "
    "with it are too good; HAM10000 itself has the lesion ids."
)
MEDMNIST = (
    "Yang J. et al.: MedMNIST v2, a large-scale lightweight benchmark for 2D and 3D biomedical image classification. "
    "Scientific Data 10:41, 2023"
)

ANY_BYTES = 100_000_000  # an array may unpack to so many, and else to no more than so many times its file:
MOST_UNPACKED = 50  # photos can hardly be packed at all
MOST_LABEL_BYTES = 64  # of a photo: seven numbers of eight bytes


def list_medmnist(file: Path) -> Listing:
    """List the photos of a DermaMNIST file. Raises BuildError if it is another file, or holds pickled objects."""
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    used: dict[str, list[int]] = {}
    side_px = 0
    for part in PARTS:
        count, side_px = _count_photos(file, part)
        labels = _read_labels(file, f"{part}_labels", count)
        indices, unlabelled = read_labels(labels, count, f"{file.name}: {part}_labels")
        left_out += [(f"{part} {name}", reason) for name, reason in unlabelled]
        used[part] = [row for row, index in enumerate(indices) if index >= 0]
        entries += [
            Entry(f"dermamnist_{part}_{row:05d}", "", CODE_OF_LABEL[indices[row]], None, PART_NAMES[part])
            for row in used[part]
        ]
    return Listing(
        source="medmnist",
        title=f"DermaMNIST at {side_px} pixels",
        entries=entries,
        left_out=left_out,
        licence="CC BY-NC 4.0",
        citation=f"{MEDMNIST}. {CITATION}",
        notes=[LEAKAGE, _size_note(side_px)],
        rows=partial(_rows, file, used),
    )


def _size_note(side_px: int) -> str:
    how = "enlarged (bilinear)" if side_px < WIDTH_PX else "shrunk"
    return (
        f"Its photos are squares of {side_px} pixels, squeezed from 4:3. They were {how} to what the network sees, "
        "which gives lesions their shape back" + (", not their detail." if side_px < WIDTH_PX else ".")
    )


def _count_photos(file: Path, part: str) -> tuple[int, int]:
    """The number of photos of a part, and their side in pixels, without reading them."""
    with _opened(file, f"{part}_images") as (stream, size):
        shape, dtype = _read_header(file, stream, size)
    if len(shape) != 4 or shape[1:] not in [(side, side, 3) for side in SIDES_PX] or dtype != np.uint8:
        raise BuildError(
            f"{file}: {part}_images has the shape {shape} and holds {dtype}",
            remedy=f"DermaMNIST has photos of {', '.join(map(str, SIDES_PX))} pixels a side in three colours, as uint8",
        )
    return shape[0], shape[1]


def _rows(file: Path, used: dict[str, list[int]], width_px: int) -> Iterator[Row]:
    for part in PARTS:
        wanted = set(used[part])
        with _opened(file, f"{part}_images") as (stream, size):
            shape, _ = _read_header(file, stream, size)
            size_bytes = int(np.prod(shape[1:]))
            for row in range(shape[0]):
                photo = np.frombuffer(stream.read(size_bytes), np.uint8)
                if row in wanted and photo.size < size_bytes:
                    yield "the file ends before it"
                elif row in wanted:
                    yield stretch(photo.reshape(shape[1:]), width_px, height_for(width_px))


@contextmanager
def _opened(file: Path, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """One array of an `.npz` as a stream, and its size in bytes: at 224 pixels, a part is a gigabyte."""
    try:
        with zipfile.ZipFile(file) as archive:
            entry = archive.getinfo(f"{name}.npy")
            most_bytes = max(ANY_BYTES, MOST_UNPACKED * status_of(file).st_size)
            if reason := why_not_unpacked(entry, most_bytes):
                raise ValueError(f"{name}: {reason}")
            with archive.open(entry) as stream:
                yield stream, entry.file_size
    except KeyError:
        raise BuildError(
            f"{file} holds no array {name}",
            remedy="name a DermaMNIST file as MedMNIST publishes it: dermamnist.npz, dermamnist_64.npz and so on",
        ) from None
    except UNREADABLE as error:
        raise BuildError(f"{file} is no whole .npz file ({error})", remedy="download it again") from error


def _read_header(file: Path, stream: IO[bytes], size_bytes: int) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    try:
        shape, is_fortran, dtype = read_header(stream)
        if stream.tell() + data_bytes(shape, dtype) > size_bytes:
            raise ValueError("it is shorter than its header says")
    except ValueError as error:
        raise BuildError(f"{file} is damaged ({error})", remedy="download it again") from error
    if is_fortran:
        raise BuildError(f"{file} holds a turned array", remedy="use the file as MedMNIST publishes it")
    return shape, dtype


def _read_labels(file: Path, name: str, photos: int) -> NDArray[np.generic]:
    """An array of labels; its header must match the number of photos before anything is unpacked."""
    with _opened(file, name) as (stream, stated):
        shape, dtype = _read_header(file, stream, stated)
        size = data_bytes(shape, dtype)
        if dtype.kind not in "iufb" or not size or size > photos * MOST_LABEL_BYTES:
            raise BuildError(
                f"{file}: {name} has the shape {shape} and holds {dtype}, for {counted(photos, 'photo', 'photos')}",
                remedy="use the file as MedMNIST publishes it",
            )
        return np.frombuffer(stream.read(size), dtype).reshape(shape)  # or a ValueError, where there is less
