"""Reads the header of an `.npy` array without trusting it."""

from __future__ import annotations

import math
import tokenize
from typing import IO

import numpy as np

# What numpy's reading of a header ends in: it is parsed as Python, so that nesting goes as deep as it is long.
UNREADABLE_HEADER = (
    ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError, OverflowError, EOFError,
    tokenize.TokenError,
)  # fmt: skip


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, Fortran order (true or false) and type of the array that begins here. Raises ValueError.

    Arrays of objects are refused: reading one runs any code in it.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read(stream)
    except UNREADABLE_HEADER:
        raise ValueError("its header cannot be read") from None
    if dtype.hasobject:
        raise ValueError("pickled objects are refused")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"its header says the shape {shape}")
    return shape, is_fortran, dtype


def data_bytes(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> int:
    """The size of such an array in bytes; Python's whole numbers do not overflow."""
    return math.prod(shape) * dtype.itemsize
