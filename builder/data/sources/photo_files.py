"""Finds photo files in folders and inside zip files, without unpacking anything to disk."""

from __future__ import annotations

import errno
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import IO

from builder.data.sources.listing import LeftOut, Place
from builder.errors import BuildError
from builder.files.regular import open_file, status_of
from builder.photo.decode import MAX_FILE_BYTES

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp"}
TABLE_SUFFIXES = {".csv", ".tab", ".tsv"}
ARRAY_SUFFIXES = {".npy", ".npz"}
MAX_TABLE_BYTES = 200_000_000  # a million photos take a third of it
# Ways in which a zip file turns out to be none, or one of its entries to be damaged, encrypted or packed unusually.
UNREADABLE = (
    OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error, OverflowError
)  # fmt: skip
# The others unpack a whole block at once, which may be gigabytes however little of it is asked for.
_UNPACKED_BIT_BY_BIT = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
READ_AT_ONCE_BYTES = 1 << 20
_ENCRYPTED = 0x1  # a zip entry's flag


@dataclass(slots=True)
class Found:
    """All usable files beneath a folder. Paths are relative to it; a zip file counts as a folder with its name."""

    photos: dict[PurePosixPath, Place] = field(default_factory=dict)
    tables: dict[PurePosixPath, Place] = field(default_factory=dict)  # .csv, .tab and .txt files
    arrays: list[Path] = field(default_factory=list)  # .npy and .npz files
    left_out: list[LeftOut] = field(default_factory=list)
    passed_over: list[LeftOut] = field(default_factory=list)  # a folder may lie beside the zip file it came from

    def add_photo(self, path: PurePosixPath, place: Place) -> None:
        """Add a photo, unless a photo with the same path was found before."""
        if before := self.photos.get(path):
            name = f"{Path(before.file).name}: {before.entry}" if before.entry else str(path)
            self.passed_over.append((readable(name), _instead(Path(place.file) if place.entry else path.parent)))
        self.photos[path] = place


def by_name(
    photos: Iterable[tuple[PurePosixPath, Place]],
) -> tuple[dict[str, tuple[PurePosixPath, Place]], list[LeftOut]]:
    """Photos by their names without suffix, as tables refer to them: the last of several; and the skipped others."""
    named: dict[str, tuple[PurePosixPath, Place]] = {}
    passed_over: list[LeftOut] = []
    for path, place in photos:
        if before := named.get(path.stem):
            passed_over.append((readable(before[0]), _instead(path.parent)))
        named[path.stem] = path, place
    return named, passed_over


def find_files(folder: Path) -> Found:
    """Search `folder` (or a single zip file), its subfolders, links and zip files, in sorted order."""
    found = Found()
    if folder.is_file():
        _look_into_zip(folder, PurePosixPath(), found)
        return found
    for name, file in walk(folder, found.left_out):
        suffix = suffix_of(name)
        if suffix == ".zip":
            _look_into_zip(Path(file.path), PurePosixPath(name).with_suffix(""), found)
        elif suffix in PHOTO_SUFFIXES or suffix in ARRAY_SUFFIXES or is_table(name):
            try:
                status = status_of(file)
            except OSError as error:
                found.left_out.append((readable(name), _why_unreadable(file, error)))
                continue
            if suffix in ARRAY_SUFFIXES:
                found.arrays.append(Path(file.path))
                continue
            place = Place(file.path, "", f"{status.st_size}|{status.st_mtime_ns}")
            if suffix in PHOTO_SUFFIXES:
                found.add_photo(PurePosixPath(name), place)
            else:
                found.tables[PurePosixPath(name)] = place
    return found


@contextmanager
def opened(place: Place, most_bytes: int = MAX_FILE_BYTES) -> Iterator[IO[bytes]]:
    """The bytes of a place as a stream, limited to that many bytes. Raises one of UNREADABLE."""
    if not place.entry:
        with open_file(place.file, most_bytes) as stream:
            yield stream
        return
    archive = _opened(place.file, Path(place.file).stat().st_mtime_ns)
    entry = archive.getinfo(place.entry)
    if reason := why_not_unpacked(entry, most_bytes):
        raise OSError(errno.EFBIG, reason)
    with archive.open(entry) as stream:
        yield stream


def read_bytes(place: Place) -> bytes:
    """The bytes of a photo. Raises one of UNREADABLE."""
    with opened(place) as stream:
        # Asked for all at once, zipfile would unpack what an entry really holds, whatever it says that it holds.
        return b"".join(iter(partial(stream.read, READ_AT_ONCE_BYTES), b""))


def readable(path: PurePosixPath | str) -> str:
    """A file's name as text that can be written anywhere, even if its bytes are not valid UTF-8."""
    return os.fsencode(str(path)).decode("utf-8", "backslashreplace")


def walk(folder: Path, left_out: list[LeftOut]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file beneath `folder`, sorted, with its relative name; linked folders too, each once."""
    yield from _walk(str(folder), "", {os.path.realpath(folder)}, left_out)


def suffix_of(name: str) -> str:
    """The end of a file's name in lower case; as text, since a path object per file would take longer than the disk."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def is_table(name: str) -> bool:
    """Whether a file with this name may be a table of labels."""
    return suffix_of(name) in TABLE_SUFFIXES or name.endswith("_metadata")


def _instead(where: PurePath) -> str:
    return f"the one of the same name in {readable(where.name) or 'the folder itself'} is taken"


def _walk(path: str, relative: str, seen: set[str], left_out: list[LeftOut]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(path) as scan:
            entries = sorted((entry for entry in scan if not _is_hidden(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        left_out.append(
            (
                readable(relative.rstrip("/") or "."),
                "the folder cannot be opened: " + (error.strerror or "unknown reason"),
            )
        )
        return
    folders = [entry for entry in entries if _is_folder(entry)]
    inside = set(folders)
    for entry in entries:
        if entry not in inside:
            yield relative + entry.name, entry
    fresh = []
    for entry in folders:
        if suffix_of(entry.name) in PHOTO_SUFFIXES | TABLE_SUFFIXES:
            left_out.append((readable(relative + entry.name), "it is a folder"))
        real = os.path.realpath(entry.path)
        if real not in seen:
            fresh.append(entry)
            seen.add(real)
    for entry in fresh:
        yield from _walk(entry.path, f"{relative}{entry.name}/", seen, left_out)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads to itself


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"  # what macOS puts beside files and into zips


def _why_unreadable(file: os.DirEntry[str], error: OSError) -> str:
    if error.errno == errno.EINVAL:
        return str(error.strerror)
    return "the link leads nowhere" if file.is_symlink() else f"it cannot be opened: {error.strerror}"


def _look_into_zip(file: Path, as_folder: PurePosixPath, found: Found) -> None:
    try:
        changed = status_of(file).st_mtime_ns
        entries = sorted(_opened(str(file), changed).infolist(), key=lambda entry: entry.filename)
    except UNREADABLE as error:
        raise BuildError(
            f"{file} is no whole zip file ({error})", remedy="copy or download it again, or move it away"
        ) from error
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or any(_is_hidden(part) for part in path.parts if part != ".."):
            continue
        is_photo = suffix_of(entry.filename) in PHOTO_SUFFIXES
        if not is_photo and not is_table(entry.filename):
            continue
        if reason := _why_not(entry, MAX_FILE_BYTES if is_photo else MAX_TABLE_BYTES):
            found.left_out.append((readable(f"{file.name}: {entry.filename}"), reason))
            continue
        place = Place(str(file), entry.filename, f"{entry.file_size}|{entry.CRC:08x}")
        if is_photo:
            found.add_photo(as_folder / path, place)
        else:
            found.tables[as_folder / path] = place


def _why_not(entry: zipfile.ZipInfo, most_bytes: int) -> str | None:
    windows = PureWindowsPath(entry.filename)
    if ".." in windows.parts or windows.root or windows.drive:
        return "its name climbs out of the zip file"
    return why_not_unpacked(entry, most_bytes)


def why_not_unpacked(entry: zipfile.ZipInfo, most_bytes: int) -> str | None:
    """The reason why an entry of a zip file must not be unpacked, such as its size; None if there is none."""
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if entry.compress_type not in _UNPACKED_BIT_BY_BIT:
        return "it is packed in a way other than store and deflate"
    if entry.file_size > most_bytes:
        return f"too large: {entry.file_size / 1e6:.0f} MB unpacked"
    return None


@lru_cache(maxsize=16)
def _opened(file: str, changed: int) -> zipfile.ZipFile:
    """A zip file in that state, kept open: reading its list of 10,000 entries takes longer than reading an entry."""
    return zipfile.ZipFile(file)
