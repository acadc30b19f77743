"""Reads the photos that the first stage saved."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES, INDEX_OF
from builder.data.pixel_file import StoredPixels
from builder.files.regular import read_json

Strings = NDArray[np.str_]

TABLES = ("photos.csv", "details.csv", "about.json")
NAMES = "names.json"  # of photos, lesions and files, as the source has them: they stay in `work/`


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos in the network's input size.

    pixels: (photos, 75, 100, 3) uint8, or larger for a network with a larger input. labels: (photos,) class indices.
    image_ids, lesion_ids: (photos,) text without names, see `builder.data.anonymous`. about: facts about the data set
    as plain values. own_parts: (photos,) the part that the source assigns, "" if it assigns none. details: further
    columns, `size` ("600x450", the original size) and DETAILS, "" if unknown.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    image_ids: Strings
    lesion_ids: Strings
    about: Mapping[str, Any]
    own_parts: Strings = field(default_factory=lambda: np.empty(0, "U1"))
    details: Mapping[str, Strings] = field(default_factory=dict)


def load_photos(folder: Path) -> Photos:
    """The photos that `gather_photos` saved in `folder`; pixels stay on disk until they are used."""
    columns = _read_columns(folder / "photos.csv")
    return Photos(
        pixels=np.load(folder / "pixels.npy", mmap_mode="r"),
        labels=np.array([INDEX_OF[code] for code in columns["code"].tolist()], dtype=np.int64),
        image_ids=columns["image_id"],
        lesion_ids=columns["lesion_id"],
        about=read_json(folder / "about.json"),
        own_parts=columns["part"],
        details=_read_columns(folder / "details.csv"),
    )


def load_named_photos(folder: Path) -> Photos:
    """The same with the source's own names, including files that were left out. Never use these names in a site."""
    photos, names = load_photos(folder), read_names(folder)
    return replace(
        photos,
        image_ids=np.array(names["image_ids"]),
        lesion_ids=np.array(names["lesion_ids"]),
        about={**photos.about, "left_out": names["left_out"]},
    )


def read_names(folder: Path) -> dict[str, Any]:
    names: dict[str, Any] = read_json(folder / NAMES)
    return names


def _read_columns(file: Path) -> dict[str, Strings]:
    with open(file, newline="", encoding="utf-8") as lines:
        header, *rows = (tuple(map(intern, row)) for row in csv.reader(lines))  # most columns repeat a few words
    return {name: np.array(column) for name, column in zip(header, zip(*rows, strict=True), strict=True)}


def stored_pixels(folder: Path, rows: NDArray[np.int64]) -> StoredPixels:
    """Some of the photos in `folder`, read batch by batch: for parts that do not fit into memory."""
    return StoredPixels(folder / "pixels.npy", rows)


def count_by_class(labels: NDArray[np.int64]) -> dict[str, int]:
    """Photos of each class code, zero where there are none."""
    counts = Counter(labels.tolist())
    return {code: counts[index] for index, code in enumerate(CODES)}
