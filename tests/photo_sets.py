"""Small data sets of every usual form, made of real files: what people hand over, and what is wrong with it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builder.config.read import read_config
from builder.data.gather import gather_photos
from builder.data.store import Photos, load_named_photos

REPOSITORY = Path(__file__).parent.parent
CODES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")


def picture(seed: int, size: tuple[int, int] = (120, 90)) -> np.ndarray:
    """Random patches, coarse and fine: no two seeds look alike, also to a perceptual hash."""
    random = np.random.default_rng(seed)
    coarse, fine = (
        Image.fromarray(random.integers(40, 220, (rows, rows * 4 // 3, 3), dtype=np.uint8)).resize(size)
        for rows in (6, 30)
    )
    return np.asarray(Image.blend(coarse, fine, 0.4))


def photo(seed: int, size: tuple[int, int] = (120, 90), kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(seed, size)).save(file, kind)
    return file.getvalue()


def table(rows: list[list[str]], separator: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files by their relative names; returns the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def ham_rows(count: int = 42) -> list[list[str]]:
    """Three photos of every two lesions, seven kinds."""
    header = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "dataset"]
    of_photo = [
        [f"HAM_{n * 2 // 3:07d}", f"ISIC_{n:07d}", CODES[n * 2 // 3 % 7], "histo", "50.0", "male", "back", "rosendahl"]
        for n in range(count)
    ]
    return [header, *of_photo]


def class_folder_files(count: int = 42, before: str = "") -> dict[str, bytes]:
    return {f"{before}{CODES[n % 7]}/photo {n:02d}.jpg": photo(n) for n in range(count)}


def arrays(folder: Path, count: int = 42) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "X.npy", np.stack([picture(n, (100, 75)) for n in range(count)]))
    np.save(folder / "y.npy", np.arange(count) % 7)
    return folder


def medmnist(file: Path, side: int = 28, counts: tuple[int, int, int] = (28, 7, 14)) -> Path:
    parts: dict[str, Any] = {}
    start = 0
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        seeds = range(start, start + count)
        parts[f"{part}_images"] = np.stack([picture(seed, (side, side)) for seed in seeds])
        parts[f"{part}_labels"] = np.array([[seed % 7] for seed in seeds], dtype=np.uint8)
        start += count
    np.savez_compressed(file, **parts)
    return file


def gather(source: Path | str, into: Path, *settings: str) -> Photos:
    """Run the data stage alone; the photos come by the names that the source has for them."""
    into.mkdir(parents=True, exist_ok=True)
    gather_photos(read_config(REPOSITORY / "config.toml", source=str(source), settings=list(settings)).data, into)
    return load_named_photos(into)


def codes(photos: Photos) -> list[str]:
    return [CODES[label] for label in photos.labels]


def reasons(photos: Photos) -> dict[str, str]:
    return {entry["file"]: entry["reason"] for entry in photos.about["left_out"]}
