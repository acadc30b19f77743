"""Decodes ordinary JPEGs directly with libjpeg-turbo: the same pixels as Pillow, in a third of the time.

Pillow uses the same library but copies each photo twice more. Photos that need Pillow (with a colour profile, CMYK,
grey, or damaged) are left to it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

_START = b"\xff\xd8"
_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)  # Huffman-coded: baseline, extended, progressive
_PASSED_OVER = (0xC4, 0xDB, 0xDD, 0xE0, 0xFE)  # tables, restarts, JFIF, comment
_EXIF_OR_XMP = 0xE1
_END = b"\xff\xd9"
_MARKS_SCAN = bytes([0xFF, _SCAN])
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan, what else begins with 0xFF is data or a restart
MOST_SCANS = 100  # of a progressive file: encoders write about ten, and each is a pass over the whole photo


@dataclass(frozen=True, slots=True)
class PlainJpeg:
    """The information in the segments before the first scan. has_notes: EXIF or XMP, which may rotate the photo."""

    width: int
    height: int
    has_notes: bool


def plain_jpeg(content: bytes) -> PlainJpeg | None:
    """Read a file's segments; None if it is not an 8-bit colour JPEG, or has anything unusual."""
    if not content.startswith(_START):
        return None
    at, size, has_notes = len(_START), None, False
    while at + 10 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], content[at + 2] << 8 | content[at + 3]
        if marker == _SCAN:
            return size and PlainJpeg(*size, has_notes)
        if marker in _FRAMES:
            bits, height, width, channels = struct.unpack_from(">BHHB", content, at + 4)
            if size or bits != 8 or channels != 3 or not height:
                return None
            size = (width, height)
        elif marker == _EXIF_OR_XMP:
            has_notes = True
        elif marker not in _PASSED_OVER:
            return None
        at += 2 + length
    return None


def has_too_many_scans(content: bytes) -> bool:
    """Whether a JPEG would take hours to decode, even if it is small."""
    # All bytes at once first, which is quick; of many hits most may lie in what a telephone put behind the photo.
    return content.startswith(_START) and content.count(_MARKS_SCAN) > MOST_SCANS and _count_scans(content) > MOST_SCANS


def _count_scans(content: bytes) -> int:
    """The number of scans, segment by segment, up to the end of the first picture in the file."""
    at, scans = len(_START), 0
    while (found := _MARKER.search(content, at)) and found[0] != _END:
        scans += found[0] == _MARKS_SCAN
        at = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return scans


class Scratch:
    """Memory into which one photo after another is decoded; its content is valid until the next one.

    To allocate it for each photo takes nearly as long as decoding: the system provides 400 pages one by one.
    """

    def __init__(self) -> None:
        self._memory: NDArray[np.uint8] = np.empty(0, np.uint8)

    def room_for(self, size_bytes: int) -> NDArray[np.uint8]:
        if size_bytes > self._memory.size:
            self._memory = np.empty(size_bytes, np.uint8)
        return self._memory[:size_bytes]


def decode_plain_jpeg(content: bytes, found: PlainJpeg, scratch: Scratch | None = None) -> NDArray[np.uint8] | None:
    """Decode to RGB, shape (height, width, 3), without rotation; None if the decoder reports any problem."""
    room = scratch.room_for(found.width * found.height * 3) if scratch else None
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(content, "RGB", buffer=room, strict=True)
    except ValueError:
        return None
    return pixels
