"""Zip and tar files as folders of members; of one that lies in another, a copy that has no name is kept meanwhile."""

from __future__ import annotations

import errno
import gzip
import io
import struct
import tarfile
import tempfile
import threading
import weakref
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Protocol

# Ways in which an archive turns out to be none, or one of its members to be damaged, encrypted or packed unusually.
UNREADABLE = (
    OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, ValueError, struct.error,
    OverflowError,
)  # fmt: skip
# The others unpack a whole block at once, which may be gigabytes however little of it is asked for.
_UNPACKED_BIT_BY_BIT = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1  # a zip entry's flag
READ_AT_ONCE_BYTES = 1 << 20
MOST_TIMES_LARGER = 20  # an archive of photos when unpacked: photos hardly shrink
SMALL_BYTES = 20_000_000  # may be any times larger
MOST_DEEP = 3  # archives one in the other


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive. name: as the archive has it. why_not: the reason why it is not unpacked, if any."""

    name: str
    size: int
    packed: int
    version: str
    why_not: str | None = None

    @property
    def path(self) -> PurePosixPath:
        """Its place; some programs for Windows write backslashes between folders."""
        return PurePosixPath(self.name.replace("\\", "/"))


class Archive(Protocol):
    members: dict[str, Member]

    def open(self, name: str) -> IO[bytes]: ...


class ZipArchive:
    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream)
        weakref.finalize(self, stream.close)
        entries = [entry for entry in self._zip.infolist() if not entry.filename.endswith(("/", "\\"))]
        self.members = {
            entry.filename: Member(
                entry.filename, entry.file_size, entry.compress_size, f"{entry.file_size}|{entry.CRC:08x}",
                _why_not_named(entry.filename, "zip") or why_not_unpacked(entry),
            )
            for entry in entries
        }  # fmt: skip

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._zip.getinfo(name))


class TarArchive:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            entries = [entry for entry in archive.getmembers() if not entry.isdir()]
        weakref.finalize(self, stream.close)
        self._places = {entry.name: entry.offset_data for entry in entries}
        self.members = {
            entry.name: Member(
                entry.name, entry.size, entry.size, f"{entry.size}|{entry.offset_data}", _why_not_in_tar(entry)
            )
            for entry in entries
        }

    def open(self, name: str) -> IO[bytes]:
        with self._lock:
            self._stream.seek(self._places[name])
            content = self._stream.read(self.members[name].size)
        if len(content) < self.members[name].size:
            raise EOFError("the tar file ends before it")
        return io.BytesIO(content)


def open_archive(file: str, within: tuple[str, ...] = ()) -> Archive:
    """The archive that a file is, or one in it: `within` names the archives on the way. Raises one of UNREADABLE."""
    return _opened(file, Path(file).stat().st_mtime_ns, within)


def why_not_unpacked(entry: zipfile.ZipInfo, most_bytes: int | None = None) -> str | None:
    """Why an entry of a zip file is not unpacked, if it is not: at most so many bytes are."""
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if entry.compress_type not in _UNPACKED_BIT_BY_BIT:
        return "it is packed in a way other than store and deflate"
    if most_bytes is not None and entry.file_size > most_bytes:
        return f"too large: {entry.file_size / 1e6:.0f} MB unpacked"
    return None


def _why_not_named(name: str, kind: str) -> str | None:
    windows = PureWindowsPath(name)
    if ".." in windows.parts or windows.root or windows.drive:
        return f"its name climbs out of the {kind} file"
    return None


def _why_not_in_tar(entry: tarfile.TarInfo) -> str | None:
    if not entry.isreg() or entry.issparse():
        return "it is a link or no regular file in its tar file"
    return _why_not_named(entry.name, "tar")


@lru_cache(maxsize=64)
def _opened(file: str, changed: int, within: tuple[str, ...]) -> Archive:
    """An archive as of then, kept open: reading the list of 10,000 entries takes longer than reading one of them."""
    if not within:
        return _archive_or_close(open(file, "rb"))
    outer = _opened(file, changed, within[:-1])
    with outer.open(within[-1]) as stream:
        return _archive_or_close(_copied(stream, outer.members[within[-1]].packed))


def _archive_or_close(stream: IO[bytes]) -> Archive:
    try:
        return _archive_in(stream)
    except BaseException:
        stream.close()
        raise


def _archive_in(stream: IO[bytes]) -> Archive:
    start = stream.read(2)
    stream.seek(0)
    if start == b"\x1f\x8b":
        packed = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        with stream, gzip.GzipFile(fileobj=stream) as unpacked:
            return TarArchive(_copied(unpacked, packed))
    if start == b"PK":
        return ZipArchive(stream)
    try:
        return TarArchive(stream)
    except tarfile.TarError:
        stream.seek(0)
        return ZipArchive(stream)  # which may have something before it, and says what is wrong with it


def _copied(stream: IO[bytes] | gzip.GzipFile, packed_bytes: int) -> IO[bytes]:
    """A copy to seek in, without a name on the disk. Raises OSError where it is far larger than it was packed."""
    most = max(SMALL_BYTES, MOST_TIMES_LARGER * packed_bytes)
    copy, done = tempfile.TemporaryFile(), 0  # noqa: SIM115  (as long as it is in the cache)
    for block in iter(partial(stream.read, READ_AT_ONCE_BYTES), b""):
        done += len(block)
        if done > most:
            copy.close()
            raise OSError(errno.EFBIG, f"it is more than {MOST_TIMES_LARGER} times as large when unpacked")
        copy.write(block)
    copy.seek(0)
    return copy
