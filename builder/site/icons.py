"""The icons of the installed page: the lens of `icon.svg` as PNG, for systems that need pixels."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

GROUND, LENS = (10, 85, 89), (255, 255, 255)  # as in icon.svg
UNITS = 32  # of icon.svg's coordinates
SHARPER = 4  # drawn so many times larger, then averaged: Pillow's shapes have hard edges
MASKABLE_SHARE = 0.75  # of the side: a system may cut a maskable icon to a circle of 0.8
CORNER = 7

# Name, side in pixels, share of the side that the lens takes, and whether the ground has round corners of its own.
ICONS = (
    ("icon-192.png", 192, 1.0, True),
    ("icon-512.png", 512, 1.0, True),
    ("icon-maskable-512.png", 512, MASKABLE_SHARE, False),
    ("icon-apple-180.png", 180, 1.0, False),  # iOS rounds the corners itself, and paints what is clear black
)


def draw_icons(into: Path) -> None:
    """Write the icons to the folder `into`; the same bytes each time."""
    into.mkdir(parents=True)
    for name, side_px, share, is_rounded in ICONS:
        _icon(side_px, share, is_rounded).save(into / name, optimize=True)


def _icon(side_px: int, share: float, is_rounded: bool) -> Image.Image:
    side = side_px * SHARPER
    image = Image.new("RGBA", (side, side), (*GROUND, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), CORNER / UNITS * side if is_rounded else 0, fill=GROUND)

    def at(x: float, y: float) -> tuple[float, float]:
        return ((x / UNITS - 0.5) * share + 0.5) * side, ((y / UNITS - 0.5) * share + 0.5) * side

    def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse((*at(x - radius, y - radius), *at(x + radius, y + radius)), fill=colour)

    width = 2.5  # of the strokes, whose ends are round
    draw.line((at(20, 20), at(26, 26)), fill=LENS, width=round(width / UNITS * share * side))
    for x, y in ((20, 20), (26, 26)):
        disc(x, y, width / 2, LENS)
    disc(14, 14, 8 + width / 2, LENS)
    disc(14, 14, 8 - width / 2, GROUND)
    disc(15, 13, 3, LENS)
    return image.resize((side_px, side_px), Image.Resampling.BOX)
