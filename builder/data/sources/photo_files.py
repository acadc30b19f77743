"""Finds photo files in folders and inside zip files, without unpacking anything to disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO

from builder.data.sources.archives import (
    MOST_DEEP,
    READ_AT_ONCE_BYTES,
    UNREADABLE,
    Archive,
    Member,
    open_archive,
)
from builder.data.sources.file_kinds import (
    PHOTO_SUFFIXES,
    START_BYTES,
    TAR_SUFFIXES,
    is_archive,
    is_dropping,
    is_photo,
    suffix_of,
    why_unread,
)
from builder.data.sources.listing import LeftOut, Place
from builder.errors import BuildError
from builder.files.regular import open_file, status_of
from builder.photo.decode import MAX_FILE_BYTES

TABLE_SUFFIXES = {".csv", ".tab", ".tsv"}
ARRAY_SUFFIXES = {".npy", ".npz"}
MAX_TABLE_BYTES = 200_000_000  # a million photos take a third of it
MAX_ARCHIVE_BYTES = 20_000_000_000  # of an archive within another


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
    """Look through `folder` (or a single archive), its subfolders, links and archives, in sorted order."""
    found = Found()
    if folder.is_file():
        _look_into(str(folder), (), PurePosixPath(), found)
        return found
    for name, file in walk(folder, found.left_out):
        try:
            status = status_of(file)
            if is_archive(name):
                _look_into(file.path, (), _as_folder(PurePosixPath(name)), found)
                continue
            if suffix_of(name) in ARRAY_SUFFIXES:
                found.arrays.append(Path(file.path))
                continue
            place = Place(file.path, "", f"{status.st_size}|{status.st_mtime_ns}")
            _take(PurePosixPath(name), readable(name), place, found)
        except OSError as error:
            if suffix_of(name) in PHOTO_SUFFIXES or is_table(name) or is_archive(name) or why_unread(name, b""):
                found.left_out.append((readable(name), _why_unreadable(file, error)))
    return found


def _take(path: PurePosixPath, said: str, place: Place, found: Found) -> None:
    """Sort a file in. What has no name of a photo or a table is told by its first bytes."""
    if suffix_of(path.name) in PHOTO_SUFFIXES:
        found.add_photo(path, place)
    elif is_table(path.name):
        found.tables[path] = place
    elif is_photo(start := _start_of(place)):
        found.add_photo(path, place)
    elif reason := why_unread(path.name, start):
        found.left_out.append((said, reason))


def _start_of(place: Place) -> bytes:
    try:
        with opened(place, MAX_ARCHIVE_BYTES) as stream:
            return stream.read(START_BYTES)
    except UNREADABLE:
        return b""


@contextmanager
def opened(place: Place, most_bytes: int = MAX_FILE_BYTES) -> Iterator[IO[bytes]]:
    """The bytes of a place as a stream, limited to that many bytes. Raises one of UNREADABLE."""
    if not place.entry:
        with open_file(place.file, most_bytes) as stream:
            yield stream
        return
    archive = open_archive(place.file, place.within)
    member = archive.members[place.entry]
    if reason := _why_not(member, most_bytes):
        raise OSError(errno.EFBIG, reason)
    with archive.open(place.entry) as stream:
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


def is_table(name: str) -> bool:
    """Whether a file with this name may be a table of labels."""
    return suffix_of(name) in TABLE_SUFFIXES or name.endswith("_metadata")


def _instead(where: PurePath) -> str:
    return f"the one of the same name in {readable(where.name) or 'the folder itself'} is taken"


def _walk(path: str, relative: str, seen: set[str], left_out: list[LeftOut]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(path) as scan:
            entries = sorted((entry for entry in scan if not is_dropping(entry.name)), key=lambda entry: entry.name)
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


def _why_unreadable(file: os.DirEntry[str], error: OSError) -> str:
    if error.errno == errno.EINVAL:
        return str(error.strerror)
    return "the link leads nowhere" if file.is_symlink() else f"it cannot be opened: {error.strerror}"


def _look_into(file: str, within: tuple[str, ...], as_folder: PurePosixPath, found: Found) -> None:
    """Sort in what an archive holds, and the archives in it."""
    said = "/".join((Path(file).name, *within))
    try:
        archive: Archive = open_archive(file, within)
    except UNREADABLE as error:
        if within:
            found.left_out.append((readable(said), f"it is no whole archive ({error})"))
            return
        kind = "tar" if file.lower().endswith(TAR_SUFFIXES) else "zip"
        raise BuildError(
            f"{file} is no whole {kind} file ({error})", remedy="copy or download it again, or move it away"
        ) from error
    for member in sorted(archive.members.values(), key=lambda member: member.name):
        path = member.path
        if any(is_dropping(part) for part in path.parts if part != ".."):
            continue
        if is_archive(path.name):
            reason = _why_not(member, MAX_ARCHIVE_BYTES)
            if reason or len(within) + 1 >= MOST_DEEP:
                found.left_out.append(
                    (readable(f"{said}: {member.name}"), reason or "archives one in the other, too deep")
                )
            else:
                _look_into(file, (*within, member.name), as_folder / _as_folder(path), found)
            continue
        if reason := _why_not(member, MAX_TABLE_BYTES if is_table(path.name) else MAX_FILE_BYTES):
            if suffix_of(path.name) in PHOTO_SUFFIXES or is_table(path.name) or why_unread(path.name, b""):
                found.left_out.append((readable(f"{said}: {member.name}"), reason))
            continue
        place = Place(file, member.name, member.version, within)
        _take(as_folder / path, readable(f"{said}: {member.name}"), place, found)


def _as_folder(path: PurePosixPath) -> PurePosixPath:
    """The place of what an archive holds: that of a folder of its name."""
    endings = (".zip", *sorted(TAR_SUFFIXES, key=len, reverse=True))
    ending = next(ending for ending in endings if path.name.lower().endswith(ending))
    return path.with_name(path.name[: -len(ending)] or path.name)


def _why_not(member: Member, most_bytes: int) -> str | None:
    if member.why_not or member.size <= most_bytes:
        return member.why_not
    return f"too large: {member.size / 1e6:.0f} MB unpacked"
