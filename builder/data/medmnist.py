"""Reads MedMNIST's DermaMNIST (`.npz`, 28 to 224 pixels a side) with the parts it was published in."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from builder.data.arrays import read_labels
from builder.data.ham10000 import CITATION, PART_NAMES
from builder.data.listing import Entry, LeftOut, Listing, Row
from builder.errors import BuildError
from builder.preprocess import WIDTH_PX, height_for, stretch

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


def list_medmnist(file: Path) -> Listing:
    """List the photos of a DermaMNIST file. Raises BuildError if it is another one, or holds pickled objects."""
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    used: dict[str, list[int]] = {}
    side_px = 0
    for part in PARTS:
        count, side_px = _count_photos(file, part)
        labels = _read_small(file, f"{part}_labels")
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
    """How many photos a part has, and their side in pixels, without reading them."""
    with _opened(file, f"{part}_images") as stream:
        shape, dtype = _read_header(file, stream)
    if len(shape) != 4 or shape[1:] not in [(side, side, 3) for side in SIDES_PX] or dtype != np.uint8:
        raise BuildError(
            f"{file}: {part}_images has the shape {shape} and holds {dtype}",
            remedy=f"DermaMNIST has photos of {', '.join(map(str, SIDES_PX))} pixels a side in three colours, as uint8",
        )
    return shape[0], shape[1]


def _rows(file: Path, used: dict[str, list[int]], width_px: int) -> Iterator[Row]:
    for part in PARTS:
        wanted = set(used[part])
        with _opened(file, f"{part}_images") as stream:
            shape, _ = _read_header(file, stream)
            size_bytes = int(np.prod(shape[1:]))
            for row in range(shape[0]):
                photo = np.frombuffer(stream.read(size_bytes), np.uint8)
                if row in wanted and photo.size < size_bytes:
                    yield "the file ends before it"
                elif row in wanted:
                    yield stretch(photo.reshape(shape[1:]), width_px, height_for(width_px))


@contextmanager
def _opened(file: Path, name: str) -> Iterator[IO[bytes]]:
    """One array of an `.npz`, as a stream: at 224 pixels, a part is a gigabyte."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as stream:
            yield stream
    except KeyError:
        raise BuildError(
            f"{file} holds no array {name}",
            remedy="name a DermaMNIST file as MedMNIST publishes it: dermamnist.npz, dermamnist_64.npz and so on",
        ) from None
    except (OSError, zipfile.BadZipFile) as error:
        raise BuildError(f"{file} is no whole .npz file ({error})", remedy="download it again") from error


def _read_header(file: Path, stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran_order, dtype = read(stream)
    except ValueError as error:
        raise BuildError(f"{file} is damaged ({error})", remedy="download it again") from error
    if is_fortran_order or dtype.hasobject:
        raise BuildError(
            f"{file} holds pickled objects or a turned array", remedy="use the file as MedMNIST publishes it"
        )
    return shape, dtype


def _read_small(file: Path, name: str) -> NDArray[np.generic]:
    with _opened(file, name) as stream:
        shape, dtype = _read_header(file, stream)
        return np.frombuffer(stream.read(), dtype)[: int(np.prod(shape))].reshape(shape)
