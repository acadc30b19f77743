"""The allowed size of a photo, and the usual size and shape of a network's input."""

from __future__ import annotations

WIDTH_PX, HEIGHT_PX = 100, 75  # a network's input as a rule, and the smallest frame that is not refused for any
MAX_MEGAPIXELS = 80  # a 50-megapixel camera and some; four bytes a pixel while it is decoded


def height_for(width_px: int) -> int:
    """The height of an input of that width: all inputs are 4:3, so that all networks see the same frame."""
    return width_px * HEIGHT_PX // WIDTH_PX
