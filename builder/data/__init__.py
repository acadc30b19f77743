"""First stage: photos from their source, shrunk to what the network sees, in one folder of arrays."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES, INDEX_OF
from builder.config import Config


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos as the network sees them.

    pixels: (photos, 75, 100, 3) uint8. labels: (photos,) class indices. image_ids, lesion_ids: (photos,) text.
    about: what they are and where they come from, in plain values.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    image_ids: NDArray[np.str_]
    lesion_ids: NDArray[np.str_]
    about: Mapping[str, Any]


def gather_photos(config: Config, into: Path) -> None:
    """Stage entry: draw or read the photos of `config.data.source` and save them in `into`."""
    if config.is_demo:
        photos = _draw(config.demo.photos, config.demo.seed)
    else:
        from builder.data.ham10000 import read_ham10000

        photos = read_ham10000(Path(config.data.source))
    _save(photos, into)


def source_fingerprint(config: Config) -> Any:
    """What the photos depend on, cheap to compare: for a folder, each file's name, size and time of change."""
    if config.is_demo:
        return [config.demo.photos, config.demo.seed]
    from builder.data.ham10000 import files_of

    return [(file.name, *_size_and_time(file)) for file in files_of(Path(config.data.source))]


def load_photos(folder: Path) -> Photos:
    """The photos that `gather_photos` left in `folder`; pixels stay on disk until they are used."""
    with open(folder / "photos.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Photos(
        pixels=np.load(folder / "pixels.npy", mmap_mode="r"),
        labels=np.array([INDEX_OF[row["code"]] for row in rows], dtype=np.int64),
        image_ids=np.array([row["image_id"] for row in rows]),
        lesion_ids=np.array([row["lesion_id"] for row in rows]),
        about=json.loads((folder / "about.json").read_text(encoding="utf-8")),
    )


def count_by_class(labels: NDArray[np.int64]) -> dict[str, int]:
    """Photos of each class code, zero where there are none."""
    counts = Counter(labels.tolist())
    return {code: counts[index] for index, code in enumerate(CODES)}


def _size_and_time(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def _draw(count: int, seed: int) -> Photos:
    from builder.data.demo import draw_demo_photos
    from builder.progress import steps

    with steps("drawing demo photos", count) as advance:
        drawn = draw_demo_photos(count, seed, progress=advance)
    return Photos(
        pixels=np.stack([photo.pixels for photo in drawn]),
        labels=np.array([INDEX_OF[photo.code] for photo in drawn], dtype=np.int64),
        image_ids=np.array([photo.image_id for photo in drawn]),
        lesion_ids=np.array([photo.lesion_id for photo in drawn]),
        about={
            "source": "demo",
            "title": "demo photos drawn by code",
            "is_demo": True,
            "licence": "MIT, as this project",
            "citation": None,
            "left_out": [],
        },
    )


def _save(photos: Photos, into: Path) -> None:
    np.save(into / "pixels.npy", photos.pixels)
    with open(into / "photos.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image_id", "lesion_id", "code"])
        codes = [CODES[label] for label in photos.labels]
        writer.writerows(zip(photos.image_ids, photos.lesion_ids, codes, strict=True))
    (into / "about.json").write_text(json.dumps(photos.about, indent=1), encoding="utf-8")
