"""Reads the origin's arrays from disk on demand: `X.npy` or the grey `X_g.npy`, with `y.npy` beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.classes import CLASSES, CODES
from builder.data.sources.listing import Entry, LeftOut, Listing, Row
from builder.data.sources.npy_header import data_bytes, read_header
from builder.errors import BuildError
from builder.files.regular import status_of
from builder.photo.frame import Frame, shrink
from builder.photo.size import HEIGHT_PX, WIDTH_PX, height_for

COLOUR, GREY, LABELS = "X.npy", "X_g.npy", "y.npy"
BLOCK_PHOTOS = 256  # converted at a time: 6 MB
LOOKED_AT_FIRST = 64  # photos that tell whether numbers run from 0 to 1

Array = NDArray[np.generic]


def list_arrays(file: Path) -> Listing:
    """List the photos of `file` (`X.npy` or `X_g.npy`). Raises BuildError if array and labels do not match."""
    photos, labels = _open(file), _open(file.with_name(LABELS))
    _refuse_shape(file, photos)
    _refuse_scaled(file, photos)
    indices, left_out = read_labels(labels, len(photos), file.with_name(LABELS).name)
    used = [row for row, index in enumerate(indices) if index >= 0]
    notes = []
    if file.name == GREY:
        notes.append(f"The photos are grey ({GREY}): the one channel stands for red, green and blue alike.")
    elif file.with_name(GREY).exists():
        notes.append(f"{GREY} beside {COLOUR} was not used: it holds the same photos without their colours.")
    return Listing(
        source="arrays",
        title="photos from arrays",
        entries=[Entry(f"row {row}", "", CODES[indices[row]]) for row in used],
        left_out=left_out,
        notes=notes,
        rows=partial(_rows, file, used),
    )


def read_labels(labels: Array, photos: int, name: str) -> tuple[NDArray[np.int64], list[LeftOut]]:
    """Class index of each photo, -1 for none, from whole numbers or one-hot rows. Raises BuildError."""
    if labels.ndim and len(labels) != photos:
        raise BuildError(
            f"{name} has {len(labels)} labels for {photos} photos", remedy="save both from the same photos again"
        )
    if labels.dtype.kind not in "iufb":
        raise BuildError(f"{name} holds {labels.dtype}, not numbers", remedy=_LABELS_REMEDY)
    if labels.ndim == 2 and labels.shape[1] == len(CLASSES):
        values = labels.astype(np.float64)
        is_one_hot = (values == 1).sum(axis=1) + (values == 0).sum(axis=1) == len(CLASSES)
        indices = np.where(is_one_hot & (values.sum(axis=1) == 1), values.argmax(axis=1), -1)
    elif labels.ndim == 1 or labels.shape[1:] == (1,):
        values = labels.reshape(-1).astype(np.float64)
        is_index = np.isin(values, np.arange(len(CLASSES)))  # nan is none of them
        indices = np.where(is_index, np.where(is_index, values, 0), -1)
    else:
        raise BuildError(f"{name} has the shape {labels.shape}", remedy=_LABELS_REMEDY)
    left_out = [(f"row {row}", f"unknown label in {name}: {labels[row]}") for row in np.flatnonzero(indices < 0)]
    return indices.astype(np.int64), left_out


_LABELS_REMEDY = f"it must hold whole numbers 0 to {len(CLASSES) - 1}, or rows of {len(CLASSES)} with a single 1"


def _open(file: Path) -> Array:
    """A memory-mapped array. Pickled objects are refused: loading them would run any code in them."""
    try:
        size = status_of(file).st_size
        with open(file, "rb") as stream:
            shape, is_fortran, dtype = read_header(stream)
            start = stream.tell()
        if start + data_bytes(shape, dtype) > size:
            raise ValueError("it is shorter than its header says")
        if not data_bytes(shape, dtype):
            return np.empty(shape, dtype)  # there is nothing to map
        return np.memmap(file, dtype, "r", start, shape, "F" if is_fortran else "C")
    except FileNotFoundError:
        raise BuildError(f"{file} is missing", remedy=f"put {LABELS} beside {COLOUR} or {GREY}") from None
    except (OSError, ValueError) as error:
        raise BuildError(
            f"{file} is no whole array of numbers: {(isinstance(error, OSError) and error.strerror) or error} "
            "(pickled objects are refused)",
            remedy="save it again with numpy.save, as an array of uint8",
        ) from error


def _refuse_shape(file: Path, photos: Array) -> None:
    wanted = (HEIGHT_PX, WIDTH_PX, 3) if file.name != GREY else (HEIGHT_PX, WIDTH_PX)
    shape = photos.shape[1:-1] if file.name == GREY and photos.shape[-1:] == (1,) else photos.shape[1:]
    if photos.ndim == 0 or shape != wanted or photos.dtype.kind not in "iuf":
        raise BuildError(
            f"{file} has the shape {photos.shape} and holds {photos.dtype}",
            remedy=f"it must have the shape (photos, {', '.join(map(str, wanted))}) and hold numbers of 0 to 255",
        )


def _refuse_scaled(file: Path, photos: Array) -> None:
    start = photos[:LOOKED_AT_FIRST].astype(np.float64)
    if photos.dtype.kind == "f" and start.size and not (start > 1).any():
        raise BuildError(
            f"{file} holds numbers of 0 to 1", remedy="multiply them by 255: the network wants the raw levels"
        )


def _rows(file: Path, used: list[int], width_px: int) -> Iterator[Row]:
    photos, whole = _open(file), Frame(0, 0, WIDTH_PX, HEIGHT_PX)
    for start in range(0, len(used), BLOCK_PHOTOS):
        for row in np.asarray(photos[used[start : start + BLOCK_PHOTOS]]):
            levels = _levels(row)
            yield levels if isinstance(levels, str) else shrink(levels, whole, width_px, height_for(width_px))


def _levels(row: Array) -> Row:
    """A photo as 8-bit levels in three channels, or the reason why it cannot be used."""
    if row.ndim == 2 or row.shape[-1] == 1:
        row = np.repeat(row.reshape(HEIGHT_PX, WIDTH_PX, 1), 3, axis=2)
    if row.dtype == np.uint8:
        return row.view(np.uint8)
    values = row.astype(np.float64)
    if not np.isfinite(values).all():
        return "it holds values that are no numbers (NaN or infinite)"
    if values.min() < 0 or values.max() > 255:
        return f"it holds levels outside 0 to 255: {values.min():g} to {values.max():g}"
    return np.floor(values + 0.5).astype(np.uint8)
