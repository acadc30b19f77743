"""Finds photo files in folders and inside zip files; nothing is unpacked to the disk."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from builder.data.listing import LeftOut, Place
from builder.errors import BuildError

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp"}
LARGEST_ENTRY_BYTES = 500_000_000  # of one photo in a zip, unpacked: more is a bomb or a mistake
_ENCRYPTED = 0x1  # a zip entry's flag


@dataclass(slots=True)
class Found:
    """Everything of use beneath a folder. Paths are relative to it; a zip counts as a folder of its name."""

    photos: dict[PurePosixPath, Place] = field(default_factory=dict)
    tables: dict[PurePosixPath, Place] = field(default_factory=dict)  # .csv, .tab and .txt files
    arrays: list[Path] = field(default_factory=list)  # .npy and .npz files
    left_out: list[LeftOut] = field(default_factory=list)


def find_files(folder: Path) -> Found:
    """Look through `folder` (or a single zip file), its subfolders, links and zip files, in sorted order."""
    found = Found()
    if folder.is_file():
        _look_into_zip(folder, PurePosixPath(), found)
        return found
    for file in walk(folder, found.left_out):
        relative = PurePosixPath(file.relative_to(folder).as_posix())
        suffix = relative.suffix.lower()
        if suffix == ".zip":
            _look_into_zip(file, relative.with_suffix(""), found)
        elif suffix in (".npy", ".npz"):
            found.arrays.append(file)
        elif suffix in PHOTO_SUFFIXES or _is_table(relative):
            try:
                status = file.stat()
            except OSError as error:
                found.left_out.append((readable(relative), _why_unreadable(file, error)))
                continue
            place = Place(str(file), "", f"{status.st_size}|{status.st_mtime_ns}")
            (found.photos if suffix in PHOTO_SUFFIXES else found.tables)[relative] = place
    return found


def read_bytes(place: Place) -> bytes:
    """The bytes of a place. Raises OSError, zipfile.BadZipFile, RuntimeError (encrypted) or NotImplementedError."""
    if not place.entry:
        return Path(place.file).read_bytes()
    return _opened(place.file, Path(place.file).stat().st_mtime_ns).read(place.entry)


def readable(path: PurePosixPath | str) -> str:
    """A file's name as text that can be written anywhere, also where its bytes are no valid UTF-8."""
    return os.fsencode(str(path)).decode("utf-8", "backslashreplace")


def walk(folder: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """Every file beneath `folder`, sorted; folders behind links too, each once, so that a circle ends."""
    seen = {os.path.realpath(folder)}

    def refuse(error: OSError) -> None:
        name = Path(error.filename).relative_to(folder).as_posix()
        left_out.append((readable(name), "the folder cannot be opened: " + (error.strerror or "unknown reason")))

    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders.sort()
        for name in list(folders):
            real = os.path.realpath(Path(parent, name))
            if _is_hidden(name) or real in seen:
                folders.remove(name)
            seen.add(real)
        for name in sorted(names):
            if not _is_hidden(name):
                yield Path(parent, name)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"  # what macOS puts beside files and into zips


def _is_table(path: PurePosixPath) -> bool:
    return path.suffix.lower() in (".csv", ".tab", ".tsv") or path.name.endswith("_metadata")


def _why_unreadable(file: Path, error: OSError) -> str:
    return "the link leads nowhere" if file.is_symlink() else f"it cannot be opened: {error.strerror}"


def _look_into_zip(file: Path, as_folder: PurePosixPath, found: Found) -> None:
    try:
        entries = sorted(_opened(str(file), file.stat().st_mtime_ns).infolist(), key=lambda entry: entry.filename)
    except (OSError, zipfile.BadZipFile) as error:
        raise BuildError(
            f"{file} is no whole zip file ({error})", remedy="copy or download it again, or move it away"
        ) from error
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or any(_is_hidden(part) for part in path.parts if part != ".."):
            continue
        is_photo = path.suffix.lower() in PHOTO_SUFFIXES
        if not is_photo and not _is_table(path):
            continue
        if reason := _why_not(entry):
            found.left_out.append((readable(f"{file.name}: {entry.filename}"), reason))
            continue
        place = Place(str(file), entry.filename, f"{entry.file_size}|{entry.CRC:08x}")
        (found.photos if is_photo else found.tables)[as_folder / path] = place


def _why_not(entry: zipfile.ZipInfo) -> str | None:
    windows = PureWindowsPath(entry.filename)
    if ".." in windows.parts or windows.root or windows.drive:
        return "its name climbs out of the zip file"
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if entry.file_size > LARGEST_ENTRY_BYTES:
        return f"too large: {entry.file_size / 1e6:.0f} MB unpacked"
    return None


@lru_cache(maxsize=16)
def _opened(file: str, changed: int) -> zipfile.ZipFile:
    """A zip file as of then, kept open: reading the list of 10,000 entries takes longer than reading one of them."""
    return zipfile.ZipFile(file)
