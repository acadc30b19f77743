"""Preprocessing from a photo file to the network's input: decode upright, crop to the frame, shrink.

The page does the same in `web_template/js/photo/`; the two must agree on every kind of photo in `tests/photo_cases.py`.
"""

from __future__ import annotations

from builder.photo.decode import PhotoProblem, Source, name_of, read_photo
from builder.photo.frame import Pixels, centred_frame, shrink
from builder.photo.size import HEIGHT_PX, WIDTH_PX, height_for


def photo_to_pixels(source: Source, width_px: int = WIDTH_PX) -> Pixels:
    """Turn a photo into a network's input, shape (75, 100, 3), or of the given width. Raises PhotoProblem."""
    return frame_and_shrink(read_photo(source), name_of(source), width_px)


def frame_and_shrink(pixels: Pixels, name: str, width_px: int = WIDTH_PX) -> Pixels:
    """Turn a decoded photo into a network's input, shape (75, 100, 3), or of the given width. Raises PhotoProblem.

    A frame narrower than the input is enlarged by the same arithmetic, so that all networks accept the same photos, in
    training and in use.
    """
    height, width, _ = pixels.shape
    frame = centred_frame(width, height)
    if frame.width < WIDTH_PX or frame.height < HEIGHT_PX:
        raise PhotoProblem(
            f"{name}: too small ({width} x {height} pixels; the network needs {WIDTH_PX} x {HEIGHT_PX})",
            remedy="take the photo from closer, or use the original instead of a thumbnail",
        )
    return shrink(pixels, frame, width_px, height_for(width_px))
