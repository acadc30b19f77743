"""First stage of a build without data: draws photos and stores them like those of a source."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.config.data import DemoConfig
from builder.data.demo.draw import DemoPhoto, draw_demo_photos
from builder.data.pixel_file import appending_pixels
from builder.data.save import save_names, save_table
from builder.data.sources.listing import DETAILS, Entry
from builder.data.store import TABLES
from builder.photo.size import WIDTH_PX, height_for
from builder.progress import steps

ABOUT = {
    "source": "demo",
    "title": "demo photos drawn by code",
    "test_source": "",
    "is_demo": True,
    "licence": "MIT, as this project",
    "citation": None,
    "notes": [],
    "left_out": [],
    "near_identical": None,
}


def draw_photos(rules: DemoConfig, into: Path) -> None:
    """Stage entry: draw the photos and save them in `into`."""
    drawn = _draw_pixels(rules, into, WIDTH_PX)
    entries = [
        Entry(photo.image_id, photo.lesion_id, photo.code, details=tuple(photo.details.get(of, "") for of in DETAILS))
        for photo in drawn
    ]
    lesion_ids = [entry.lesion_id for entry in entries]
    save_names([entry.image_id for entry in entries], lesion_ids, [], into)
    save_table(entries, lesion_ids, [""] * len(entries), ABOUT, into)


def draw_at_width(photos: Path, rules: DemoConfig, into: Path, *, width_px: int) -> None:
    """Stage entry: draw the same photos again for a network with a wider input."""
    _draw_pixels(rules, into, width_px)
    for table in TABLES:
        shutil.copy(photos / table, into)


def _draw_pixels(rules: DemoConfig, into: Path, width_px: int) -> list[DemoPhoto]:
    with steps("drawing demo photos", rules.photos) as advance:
        size = {"width_px": width_px, "height_px": height_for(width_px)}
        drawn = draw_demo_photos(rules.photos, rules.seed, **size, progress=advance)
    with appending_pixels(into / "pixels.npy", width_px=width_px) as writer:
        for photo in drawn:
            writer.append(photo.pixels)
    return drawn
