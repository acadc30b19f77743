"""Reads HAM10000 in its usual layout: `HAM10000_metadata.csv` beside one or more folders of photos."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES, INDEX_OF
from builder.data import Photos
from builder.errors import BuildError
from builder.preprocess import PhotoProblem, photo_to_pixels
from builder.progress import steps

METADATA = "HAM10000_metadata.csv"
COLUMNS = ("lesion_id", "image_id", "dx")
SUFFIXES = {".jpg", ".jpeg", ".png"}
CITATION = (
    "Tschandl P., Rosendahl C., Kittler H.: The HAM10000 dataset, a large collection of multi-source dermatoscopic "
    "images of common pigmented skin lesions. Scientific Data 5:180161, 2018. doi:10.1038/sdata.2018.161"
)
# A bad file among thousands is left out and listed; when this share is bad, something else is wrong.
MOST_LEFT_OUT_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class _Row:
    image_id: str
    lesion_id: str
    code: str


def read_ham10000(folder: Path) -> Photos:
    """Read and shrink every photo that the metadata names, in the metadata's order of image ids.

    Photos that are missing, broken or without a known label are left out and listed in `about["left_out"]`;
    a BuildError says so when they are more than a few.
    """
    rows, left_out = _read_metadata(folder)
    files = {file.stem: file for file in _photo_files(folder)}
    left_out += [
        (row.image_id, "the metadata names it, but there is no such file") for row in rows if row.image_id not in files
    ]
    rows = [row for row in rows if row.image_id in files]
    named = {row.image_id for row in rows} | {name for name, _ in left_out}
    left_out += [
        (file.name, "the metadata does not name it") for stem, file in sorted(files.items()) if stem not in named
    ]
    pixels, broken = _read_all([files[row.image_id] for row in rows])
    left_out += broken
    kept = [row for row, photo in zip(rows, pixels, strict=True) if photo is not None]
    _refuse_if_too_few(folder, kept, left_out)
    return Photos(
        pixels=np.stack([photo for photo in pixels if photo is not None]),
        labels=np.array([INDEX_OF[row.code] for row in kept], dtype=np.int64),
        image_ids=np.array([row.image_id for row in kept]),
        lesion_ids=np.array([row.lesion_id for row in kept]),
        about={
            "source": "ham10000",
            "title": "HAM10000",
            "is_demo": False,
            "licence": "CC BY-NC 4.0",
            "citation": CITATION,
            "left_out": [{"file": name, "reason": reason} for name, reason in sorted(left_out)],
        },
    )


def files_of(folder: Path) -> list[Path]:
    """The metadata and every photo beneath `folder`, sorted."""
    return [_metadata_file(folder), *_photo_files(folder)]


def _metadata_file(folder: Path) -> Path:
    if not folder.is_dir():
        raise BuildError(
            f"there is no folder {folder}", remedy="name a folder with --data, or leave it out for demo data"
        )
    file = folder / METADATA
    if not file.is_file():
        raise BuildError(
            f"{folder} is not HAM10000 in its usual layout: {METADATA} is missing",
            remedy=f"unpack the photo folders and {METADATA} side by side into one folder and name that one",
        )
    return file


def _photo_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in SUFFIXES]
    return found


def _read_metadata(folder: Path) -> tuple[list[_Row], list[tuple[str, str]]]:
    file = _metadata_file(folder)
    rows: dict[str, _Row] = {}
    left_out: list[tuple[str, str]] = []
    try:
        with open(file, newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if missing := [column for column in COLUMNS if column not in (reader.fieldnames or [])]:
                raise BuildError(f"{file}: there is no column '{missing[0]}'", remedy=f"it needs: {', '.join(COLUMNS)}")
            for line in reader:
                row = _Row(line["image_id"] or "", line["lesion_id"] or "", (line["dx"] or "").strip().lower())
                if reason := _why_not(row, rows):
                    left_out.append((row.image_id or f"line {reader.line_num}", reason))
                else:
                    rows[row.image_id] = row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BuildError(f"{file} cannot be read: {error}", remedy="fetch the metadata again") from None
    return [rows[image_id] for image_id in sorted(rows)], left_out


def _why_not(row: _Row, rows: dict[str, _Row]) -> str | None:
    if not row.image_id:
        return "the metadata gives no image id"
    if not row.lesion_id:
        return "the metadata gives no lesion id, so it cannot be kept out of the other parts"
    if row.code not in CODES:
        return f"unknown label '{row.code}'"
    if row.image_id in rows:
        return "the metadata names it twice"
    return None


def _read_all(files: list[Path]) -> tuple[list[NDArray[np.uint8] | None], list[tuple[str, str]]]:
    pixels: list[NDArray[np.uint8] | None] = []
    broken: list[tuple[str, str]] = []
    with steps("reading photos", len(files)) as advance:
        for file, result in zip(files, _in_processes(files), strict=True):
            advance()
            if isinstance(result, str):
                broken.append((file.name, result))
                pixels.append(None)
            else:
                pixels.append(result)
    return pixels, broken


def _in_processes(files: list[Path]) -> Iterator[NDArray[np.uint8] | str]:
    with ProcessPoolExecutor() as pool:
        try:
            yield from pool.map(_read_one, files, chunksize=64)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _read_one(file: Path) -> NDArray[np.uint8] | str:
    try:
        return photo_to_pixels(file)
    except PhotoProblem as problem:
        return problem.problem


def _refuse_if_too_few(folder: Path, kept: list[_Row], left_out: list[tuple[str, str]]) -> None:
    if kept and len(left_out) <= MOST_LEFT_OUT_SHARE * (len(kept) + len(left_out)):
        return
    examples = "; ".join(f"{name}: {reason}" for name, reason in sorted(left_out)[:3]) or "the metadata names no photo"
    raise BuildError(
        f"{folder}: {len(left_out)} photos cannot be used, {len(kept)} can ({examples})",
        remedy="unpack the photo folders beside the metadata again; a few bad files are no problem",
    )
