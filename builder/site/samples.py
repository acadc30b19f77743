"""Drawn photos for visitors without a photo, from other seeds than any photo in training."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from PIL import Image, ImageOps

from builder.data.demo.draw import draw_demo_photo
from builder.export.disk_copies import write_disk_copy

SAMPLES = ("nv", "bkl", "mel")  # kinds that visitors ask about most; the first of each that the seed draws
SEED = 4077  # of no build's training: config.toml's seed and its like are small numbers
WIDTH_PX, HEIGHT_PX = 240, 180  # large enough to be framed, about 65 kB each
BUTTON_PX = 120  # two to one of the page's own, for sharp screens; 1 kB each
BUTTON_QUALITY = 80


def write_samples(site: Path) -> None:
    """Write `samples/<code>.png` with their disk copies, and the pictures of their buttons, `<code>-button.webp`."""
    folder = site / "samples"
    folder.mkdir()
    for code, index in _first_of_each(SAMPLES).items():
        photo = draw_demo_photo(index, SEED, width_px=WIDTH_PX, height_px=HEIGHT_PX, in_focus=True)
        file = folder / f"{code}.png"
        Image.fromarray(photo.pixels).save(file, optimize=True)
        write_disk_copy(file, site)
        button = ImageOps.fit(Image.fromarray(photo.pixels), (BUTTON_PX, BUTTON_PX))
        button.save(folder / f"{code}-button.webp", quality=BUTTON_QUALITY, method=6)


def _first_of_each(codes: tuple[str, ...]) -> dict[str, int]:
    """The index of the seed's first photo of each of these classes, by code."""
    found: dict[str, int] = {}
    for index in count():
        if len(found) == len(codes):
            break
        code = draw_demo_photo(index, SEED, width_px=4, height_px=3).code
        if code in codes:
            found.setdefault(code, index)
    return {code: found[code] for code in codes}
