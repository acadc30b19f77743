"""Opens photos, each once and several at a time, and stores them on disk in the network's input size.

Photos that an earlier build has shrunk are copied, and an interrupted ingest continues where it stopped: a photo is
opened again only if its file has changed, or if its stored pixels are damaged.
"""

from __future__ import annotations

import csv
import io
import os
import threading
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from builder.data.pixel_file import PixelReader, appending_pixels
from builder.data.sources.listing import Entry, LeftOut, Listing, Place, Row
from builder.data.sources.photo_files import read_bytes, readable
from builder.files.code import code_key
from builder.files.ownership import remove_if_empty, replace_file
from builder.photo.decode import PhotoProblem, read_photo
from builder.photo.plain_jpeg import Scratch
from builder.photo.preprocess import frame_and_shrink
from builder.photo.size import WIDTH_PX
from builder.progress import console, steps

PIXELS, RECORD = "pixels.npy", "ingested.csv"
COLUMNS = ("key", "reason", "likeness", "size", "checksum")  # of the record; a digest of what read the photos follows
# All in quotes: a name of a file may hold a bare carriage return, which csv takes for the end of a line otherwise.
RECORD_FORM: dict[str, Any] = {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}
UNFINISHED = "unfinished"  # beside the data stage's folders: what an interrupted ingest has left
CHUNK_PHOTOS = 32  # handed to a thread at a time
CHUNKS_AHEAD = 4  # a core, of the one that is written: what is read too early waits in memory
FEW_PHOTOS = 64  # are read one by one

_OF_THREAD = threading.local()


class Shrunk(NamedTuple):
    """A shrunk photo or the reason why it cannot be used; its perceptual hash if wanted; its original size."""

    row: Row
    likeness: str = ""
    size: str = ""  # width x height in pixels, "600x450"


@dataclass(frozen=True, slots=True)
class Ingested:
    """The photos that could be used, in the order of the pixel file.

    likeness: their perceptual hashes, empty if not wanted. sizes: "600x450" and so on, empty for arrays.
    """

    entries: list[Entry]
    likeness: list[str]
    sizes: list[str]
    left_out: list[LeftOut]


class _How(NamedTuple):
    """How to shrink photos: the width, and whether to compute perceptual hashes."""

    width_px: int
    with_likeness: bool


class _Line(NamedTuple):
    """The record's entry of one opened photo; checksum: of the entry and the photo's pixels."""

    key: str
    reason: str
    likeness: str
    size: str
    checksum: str

    def is_about(self, pixels: NDArray[np.uint8] | None) -> bool:
        """Whether entry and pixels are unchanged since they were written."""
        return self.checksum == _checksum(self[:-1], pixels)


def _checksum(texts: Sequence[str], pixels: NDArray[np.uint8] | None) -> str:
    of_texts = zlib.crc32("\0".join(texts).encode("utf-8", "surrogateescape"))
    return f"{zlib.crc32(b'' if pixels is None else np.ascontiguousarray(pixels).data, of_texts):08x}"


def ingest_photos(
    listings: Sequence[Listing], into: Path, *, with_likeness: bool, width_px: int = WIDTH_PX
) -> Ingested:
    """Write the photos of `listings` to `into/pixels.npy`; returns the photos used, and the reasons for all others.

    width_px: the width of the network's input.
    """
    working = into.parent / UNFINISHED
    working.mkdir(parents=True, exist_ok=True)
    entries = [entry for listing in listings for entry in listing.entries]
    how = _How(width_px, with_likeness)
    done = _go_on_from(working, [_key(entry) for entry in entries], how)
    lines = list(done)
    with (
        steps("reading photos", len(entries), done=len(done)) as advance,
        _writing_on(working, sum(not line.reason for line in done), width_px) as write,
        closing(_Earlier(into.parent, width_px)) as earlier,
    ):
        results = _shrink_all(listings, len(done), earlier, how)
        for entry, (row, likeness, size) in zip(entries[len(done) :], results, strict=True):
            reason, pixels = (row, None) if isinstance(row, str) else ("", row)
            texts = _key(entry), reason, likeness, size
            lines.append(_Line(*texts, _checksum(texts, pixels)))
            write(pixels, lines[-1])
            if len(lines) % CHUNK_PHOTOS == 0 or len(lines) == len(entries):
                advance((len(lines) - len(done) - 1) % CHUNK_PHOTOS + 1)
    for finished in (PIXELS, RECORD):
        replace_file(working / finished, into / finished)
    remove_if_empty(working)
    kept = [(entry, line) for entry, line in zip(entries, lines, strict=True) if not line.reason]
    return Ingested(
        [entry for entry, _ in kept],
        [line.likeness for _, line in kept],
        [line.size for _, line in kept],
        [(_name(entry), line.reason) for entry, line in zip(entries, lines, strict=True) if line.reason],
    )


def shrink_photos(listing: Listing, *, with_likeness: bool, width_px: int = WIDTH_PX) -> Generator[Shrunk, None, None]:
    """Open and shrink the photos of a listing, in order, without storing them."""
    how = _How(width_px, with_likeness)
    if listing.rows:
        yield from _shrunk_rows(listing.rows(width_px), 0, how)
    else:
        yield from _in_threads([entry.place for entry in listing.entries if entry.place], how)


@contextmanager
def _writing_on(
    working: Path, stored: int, width_px: int
) -> Iterator[Callable[[NDArray[np.uint8] | None, _Line], None]]:
    """Continue an ingest after its first `stored` photos; what is written is kept even if the ingest is interrupted."""
    waiting: list[NDArray[np.uint8]] = []
    waiting_lines: list[_Line] = []
    with (
        appending_pixels(working / PIXELS, stored, width_px) as pixels,
        open(working / RECORD, "a", newline="", encoding="utf-8", errors="surrogateescape") as record,
    ):
        table = csv.writer(record, **RECORD_FORM)

        def flush() -> None:
            for photo in waiting:
                pixels.append(photo)
            pixels.flush()  # before the record: it must not name photos that are not there
            table.writerows(waiting_lines)
            record.flush()
            waiting.clear()
            waiting_lines.clear()

        def write(photo: NDArray[np.uint8] | None, line: _Line) -> None:
            waiting_lines.append(line)
            if photo is not None:
                waiting.append(photo)
            if len(waiting_lines) == CHUNK_PHOTOS:
                flush()

        try:
            yield write
        finally:
            flush()


def shrink_photo(place: Place, how: _How) -> Shrunk:
    """Open and shrink one photo."""
    try:
        photo = read_photo(read_bytes(place) if place.entry else place.file, _scratch())
        pixels = frame_and_shrink(photo, place.name, how.width_px)
    except PhotoProblem as problem:
        return Shrunk(readable(problem.problem))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        return Shrunk(f"it cannot be read from its zip file ({error})")
    return Shrunk(pixels, _likeness(pixels) if how.with_likeness else "", f"{photo.shape[1]}x{photo.shape[0]}")


def _shrink_all(listings: Sequence[Listing], skip: int, earlier: _Earlier, how: _How) -> Iterator[Shrunk]:
    """The photos of all listings in order, without the first `skip`."""
    for listing in listings:
        count = len(listing.entries)
        if skip >= count:
            skip -= count
            continue
        if listing.rows:
            yield from _shrunk_rows(listing.rows(how.width_px), skip, how)
        else:
            yield from _shrunk_files(listing.entries[skip:], earlier, how)
        skip = 0


def _shrunk_rows(rows: Iterator[Row], skip: int, how: _How) -> Iterator[Shrunk]:
    for number, row in enumerate(rows):
        if number >= skip:
            yield Shrunk(row, _likeness(row) if how.with_likeness and not isinstance(row, str) else "")


def _shrunk_files(entries: list[Entry], earlier: _Earlier, how: _How) -> Iterator[Shrunk]:
    places = [entry.place for entry in entries if entry.place and entry.place.key not in earlier]
    fresh = _in_threads(places, how)
    for entry in entries:
        assert entry.place is not None
        if entry.place.key not in earlier:
            yield next(fresh)
            continue
        yield earlier.read(entry.place.key, how) or shrink_photo(entry.place, how)


def _in_threads(places: list[Place], how: _How) -> Iterator[Shrunk]:
    """Process the photos in order, several at a time: decoders and numpy release Python's lock.

    Threads are a tenth faster than processes, which have to copy each photo's pixels.
    """
    work = partial(_shrink_some, how=how)
    if len(places) <= FEW_PHOTOS:
        yield from (shrink_photo(place, how) for place in places)
        return
    chunks = iter([places[start : start + CHUNK_PHOTOS] for start in range(0, len(places), CHUNK_PHOTOS)])
    with threadpool_limits(1), ThreadPoolExecutor(_cores()) as pool:  # of numpy's own threads: every core is taken
        begun = deque(pool.submit(work, chunk) for chunk in islice(chunks, CHUNKS_AHEAD * _cores()))
        try:
            while begun:
                yield from begun.popleft().result()
                begun.extend(pool.submit(work, chunk) for chunk in islice(chunks, 1))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _shrink_some(places: list[Place], how: _How) -> list[Shrunk]:
    return [shrink_photo(place, how) for place in places]


def _cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _scratch() -> Scratch:
    if not hasattr(_OF_THREAD, "scratch"):
        _OF_THREAD.scratch = Scratch()
    scratch: Scratch = _OF_THREAD.scratch
    return scratch


def _likeness(pixels: NDArray[np.uint8]) -> str:
    from builder.data.near_identical import likeness_of

    return likeness_of(pixels)


class _Earlier:
    """The photos stored by finished ingests beside this one, by their key."""

    def __init__(self, folder: Path, width_px: int) -> None:
        self.readers: list[PixelReader] = []
        self.places: dict[str, tuple[PixelReader, int, _Line]] = {}
        self.damaged: set[Path] = set()
        for record in sorted(folder.glob(f"*/{RECORD}")):
            if record.parent.name == UNFINISHED:
                continue
            reader = _reader_of(record.parent / PIXELS, width_px)
            if reader is None:
                continue
            self.readers.append(reader)
            good = [line for line in _read_record(record, width_px) if not line.reason]
            for row, line in enumerate(good):
                if line.key and row < reader.count:
                    self.places[line.key] = reader, row, line

    def close(self) -> None:
        for reader in self.readers:
            reader.close()

    def __contains__(self, key: str) -> bool:
        return key in self.places

    def read(self, key: str, how: _How) -> Shrunk | None:
        """The stored photo; None if it is damaged, which is reported once per file."""
        reader, row, line = self.places[key]
        with suppress(ValueError, OSError):  # it is shorter than it was, or its disk gives it back no more
            pixels = reader.read(row)
            if line.is_about(pixels):
                likeness = line.likeness or (_likeness(pixels) if how.with_likeness else "")
                return Shrunk(pixels, likeness, line.size)
        file = Path(reader.stream.name)
        if file not in self.damaged:
            console.print(f"{file} is damaged: its photos are opened again")
            self.damaged.add(file)
        return None


def _go_on_from(working: Path, keys: list[str], how: _How) -> list[_Line]:
    """The photos that an interrupted run of this ingest has stored, up to the first one that differs."""
    record = working / RECORD
    same = list(_same_as_kept(working, keys, how))
    with open(record, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file, **RECORD_FORM)
        writer.writerow([*COLUMNS, _digest(how.width_px)])
        writer.writerows(same)
    return same


def _same_as_kept(working: Path, keys: list[str], how: _How) -> Iterator[_Line]:
    reader = _reader_of(working / PIXELS, how.width_px)
    if reader is None:
        return
    photos = 0
    with closing(reader), suppress(ValueError):  # of a photo that was not written any more
        for line, key in zip(_read_record(working / RECORD, how.width_px), keys, strict=False):
            if not key or line.key != key or (how.with_likeness and not line.likeness and not line.reason):
                return
            if not line.is_about(None if line.reason else reader.read(photos)):
                return
            photos += not line.reason
            yield line


def _reader_of(pixels: Path, width_px: int) -> PixelReader | None:
    """A reader for the file, if it holds photos of that width."""
    try:
        return PixelReader(pixels, width_px) if pixels.is_file() else None
    except ValueError:
        return None  # of another width, or cut off before its first lines were written


def _read_record(record: Path, width_px: int) -> list[_Line]:
    """The entries of a record, if this very code wrote it for that width; an incomplete last entry is dropped."""
    if not record.is_file():
        return []
    with open(record, newline="", encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    whole = text[: text.rfind("\n") + 1]
    try:
        header, *rows = csv.reader(io.StringIO(whole, newline=""))
    except (ValueError, csv.Error):  # there is none, or it is no table
        return []
    if header != [*COLUMNS, _digest(width_px)]:
        return []
    return [_Line(*row) for row in rows if len(row) == len(COLUMNS)]


def _digest(width_px: int) -> str:
    """A hash of what decides a shrunk photo besides its file: the width, and the code and libraries that read it."""
    return f"{width_px}-{code_key([__name__])}"


def _key(entry: Entry) -> str:
    return entry.place.key if entry.place else ""


def _name(entry: Entry) -> str:
    return readable(entry.place.name) if entry.place else entry.image_id
