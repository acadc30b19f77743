"""A file of photos in the network's input size: written one after the other, read a few at a time.

The file is an ordinary `.npy` of shape (photos, 75, 100, 3), or larger for a network with a larger input. Neither
reading nor writing needs more memory than a batch.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from builder.photo.size import WIDTH_PX, height_for


@dataclass(frozen=True, slots=True)
class StoredPixels:
    """Some rows of a file of photos, read when a number or a slice is asked for.

    The file is mapped again for each read, so that the data read do not stay in this process's memory.
    """

    file: Path
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Any) -> NDArray[np.uint8]:
        return np.array(np.load(self.file, mmap_mode="r")[self.rows[which]])


class PixelReader:
    """Reads single photos of a file that may still be written to.

    count: the photos according to the header; stored: according to the size. Raises ValueError unless the header is
    complete and describes photos of that width.
    """

    def __init__(self, file: Path, width_px: int = WIDTH_PX) -> None:
        self.stream = open(file, "rb")  # noqa: SIM115  (closed with this object)
        self.shape = height_for(width_px), width_px, 3
        try:
            np.lib.format.read_magic(self.stream)
            (self.count, *shape), _, dtype = np.lib.format.read_array_header_1_0(self.stream)
            if tuple(shape) != self.shape or dtype != np.uint8:
                raise ValueError(f"{file} holds arrays of {shape}, {dtype}")
        except ValueError:
            self.stream.close()
            raise
        self.header_bytes = self.stream.tell()
        self.stored: int = (file.stat().st_size - self.header_bytes) // math.prod(self.shape)

    def read(self, row: int) -> NDArray[np.uint8]:
        """One photo; raises ValueError where the file ends before it."""
        photo_bytes = math.prod(self.shape)
        self.stream.seek(self.header_bytes + row * photo_bytes)
        return np.frombuffer(self.stream.read(photo_bytes), np.uint8).reshape(self.shape)

    def close(self) -> None:
        self.stream.close()


class PixelWriter:
    """Appends photos to a file whose header has the number of photos once it is finished."""

    def __init__(self, stream: IO[bytes], count: int, width_px: int) -> None:
        self.stream = stream
        self.count = count
        self.shape = height_for(width_px), width_px, 3
        header_bytes = self._write_header()
        stream.truncate(header_bytes + count * math.prod(self.shape))
        stream.seek(0, os.SEEK_END)

    def append(self, pixels: NDArray[np.uint8]) -> None:
        """Add one photo (height, width, 3) or several."""
        assert pixels.shape[-3:] == self.shape and pixels.dtype == np.uint8
        self.stream.write(np.ascontiguousarray(pixels).data)
        self.count += pixels.size // math.prod(self.shape)

    def flush(self) -> None:
        self.stream.flush()

    def finish(self) -> None:
        self.stream.seek(0)
        self._write_header()  # as long as the first: numpy leaves room for the first axis to grow
        self.stream.flush()
        os.fsync(self.stream.fileno())

    def _write_header(self) -> int:
        shape = (self.count, *self.shape)
        np.lib.format.write_array_header_1_0(self.stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        return self.stream.tell()


@contextmanager
def appending_pixels(file: Path, count: int = 0, width_px: int = WIDTH_PX) -> Iterator[PixelWriter]:
    """Continue a file of photos of that width after its first `count` photos; everything after them is cut off."""
    with open(file, "r+b" if count else "w+b") as stream:
        writer = PixelWriter(stream, count, width_px)
        yield writer
        writer.finish()
