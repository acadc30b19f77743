"""How large a photo may be, and how large it is to a network: what its input is as a rule, and in which shape."""

from __future__ import annotations

WIDTH_PX, HEIGHT_PX = 100, 75  # a network's input as a rule, and the smallest frame that is not refused for any
MAX_MEGAPIXELS = 80  # a 50-megapixel camera and some; four bytes a pixel while it is decoded


def height_for(width_px: int) -> int:
    """How high an input of that width is: all are 4:3, so that a frame is the same for every network."""
    return width_px * HEIGHT_PX // WIDTH_PX
