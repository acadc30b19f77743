"""What an engine makes of a kind of photo that is not what Python makes of it, as measured; asserted, so none is lost.

For visitors they are told in docs/engines.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tests.photo_cases import turned


@dataclass(frozen=True, slots=True)
class Difference:
    why: str
    levels: int | None = None  # by how many the pixels differ, and no more
    sees: Callable[[], bytes] | None = None  # the file whose pixels are seen instead
    code: str | None = None  # why the page refuses the file


PROFILE = "takes gamma into sRGB in 8 bits, which shows in the dark"
NOT_TURNED = "does not read which way up this kind of file is"

DIFFERENCES = {
    ("Firefox", "AVIF"): Difference("draws the colours of AVIF a little differently", levels=8),
    ("Firefox", "EXIF orientation 6 in AVIF"): Difference("draws the colours of AVIF a little differently", levels=8),
    ("Firefox", "PNG of gamma 1"): Difference(PROFILE, levels=8),
    ("WebKit", "PNG of gamma 1"): Difference(PROFILE, levels=5),
    ("WebKit", "Display P3 PNG alpha"): Difference(
        "converts colours already multiplied by their opacity, which shows where little is left of them", levels=11
    ),
    ("WebKit", "EXIF orientation 6 in PNG"): Difference(NOT_TURNED, sees=functools.partial(turned, 1, "PNG")),
    ("WebKit", "EXIF orientation 6 in AVIF"): Difference(NOT_TURNED, sees=functools.partial(turned, 1, "AVIF")),
    ("WebKit", "PNG without its last checksum"): Difference("decodes whole files only", code="broken"),
}
