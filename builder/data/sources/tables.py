"""Reads tables of labels: separated by comma, semicolon or tab, with any line ends."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import PurePosixPath

from builder.data.sources.archives import UNREADABLE
from builder.data.sources.listing import Place
from builder.data.sources.photo_files import MAX_TABLE_BYTES, opened
from builder.errors import BuildError

Line = dict[str, str]
# What else a column is called, in small letters: in ISIC's and BCN20000's tables, in PAD-UFES-20's, and by people.
ALIASES = {
    "image_id": (
        "image_id", "img_id", "isic_id", "image", "image_name", "bcn_filename", "imageid", "filename", "file_name",
        "file", "photo",
    ),
    "lesion_id": ("lesion_id", "lesionid", "lesion"),
    "dx": ("dx", "diagnosis", "diagnostic", "label", "class", "diagnosis_3"),
    "age": ("age", "age_approx"),
    "localization": ("localization", "anatom_site_general", "anatom_site", "region"),
    "sex": ("sex", "gender"),
    "dx_type": ("dx_type", "diagnosis_confirm_type"),
}  # fmt: skip
LINES_BEFORE = 20  # at most, of empty ones and of titles, before the line that names the columns
SAMPLE_BYTES = 1 << 16


def read_table(
    path: PurePosixPath, place: Place, needed: tuple[str, ...], also: tuple[str, ...] = ()
) -> Iterator[Line]:
    """The rows of a table, with the named columns; missing values are empty text. Raises BuildError.

    needed: columns that must exist. also: columns to read if they exist. Other columns are skipped: a hundred thousand
    of them, in rows that leave them empty, would need unlimited memory.
    """
    with _rows(path, place) as rows:
        columns = _header(rows, needed)
        if missing := missing_columns(columns, needed):
            shown = ", ".join(filter(None, columns))[:300] or "none"
            raise BuildError(
                f"{path}: there is no column '{missing[0]}'",
                remedy=f"it needs: {', '.join(map(_names_of, needed))}; it has: {shown}",
            )
        wanted = [(name, at) for name in (*needed, *also) if (at := _place_of(name, columns)) is not None]
        for row in rows:
            if any(cell.strip() for cell in row):
                yield {name: row[at].strip() if at < len(row) else "" for name, at in wanted}


def missing_columns(columns: list[str], needed: Iterable[str]) -> list[str]:
    """Which of the needed columns are not among those of a table, whatever these are called."""
    return [name for name in needed if _place_of(name, columns) is None]


def columns_of(path: PurePosixPath, place: Place, needed: Iterable[str] = ()) -> list[str]:
    """The columns of a table; none if the file is not a table."""
    try:
        with _rows(path, place) as rows:
            return _header(rows, needed)
    except BuildError:
        return []


@contextmanager
def _rows(path: PurePosixPath, place: Place) -> Iterator[Iterator[list[str]]]:
    try:
        encoding = _encoding_of(place)
        with (
            opened(place, MAX_TABLE_BYTES) as stream,
            io.TextIOWrapper(stream, encoding, errors="replace", newline="") as text,
        ):
            first = [text.readline() for _ in range(LINES_BEFORE)]
            if any("\0" in line for line in first):
                raise ValueError("it is no text")
            said = re.fullmatch(r'"?sep=(.)"?[\s;,]*', first[0].strip(), re.IGNORECASE)
            if said:  # Excel's own first line, also with a tab, which was stripped
                separator = said[1]
                first = first[1:]
            elif re.fullmatch(r'"?sep=\t?"?\r?\n?', first[0], re.IGNORECASE):
                separator, first = "\t", first[1:]
            else:
                separator = _separator_of(first)
            yield csv.reader(chain(first, text), delimiter=separator)
    except (*UNREADABLE, csv.Error) as error:
        raise BuildError(f"{path} cannot be read: {_said(error)}", remedy="save or fetch that table again") from error


@lru_cache(maxsize=64)
def _encoding_of(place: Place) -> str:
    """How the text of a table is stored: by its mark, or else in UTF-8 if all of it can be, and in Windows' old way."""
    with opened(place, MAX_TABLE_BYTES) as stream:
        start = stream.read(SAMPLE_BYTES)
        if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(BOM_UTF8):
            return "utf-8-sig"
        even, odd = start[::2].count(0), start[1::2].count(0)
        if max(even, odd) > len(start) // 8 and min(even, odd) < max(even, odd) // 8:
            return "utf-16-le" if odd > even else "utf-16-be"
        decoder = getincrementaldecoder("utf-8")()
        try:
            for block in chain([start], iter(partial(stream.read, SAMPLE_BYTES), b"")):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _separator_of(lines: list[str]) -> str:
    """What stands between the columns: the commonest of the usual signs, outside quotes, in the first line with any."""
    for line in lines:
        bare = re.sub(r'"[^"]*"', "", line)
        best = max("\t;,|", key=bare.count)
        if best in bare:
            return best
    return ","


def _header(rows: Iterator[list[str]], needed: Iterable[str]) -> list[str]:
    """The names of the columns, in small letters and with `_` for blanks, from the first line that has the needed ones.

    Of none that has, from the first line with anything in it.
    """
    at_first: list[str] | None = None
    for row in islice(rows, LINES_BEFORE):
        columns = [re.sub(r"[\s\-]+", "_", column.strip().strip("\"'\ufeff").strip().casefold()) for column in row]
        if not any(columns):
            continue
        at_first = columns if at_first is None else at_first
        if not missing_columns(columns, needed):
            return columns
    return at_first or []


def _place_of(name: str, columns: list[str]) -> int | None:
    names = ALIASES.get(name, (name.casefold(),))
    return next((columns.index(each) for each in names if each in columns), None)


def _names_of(name: str) -> str:
    others = [other for other in ALIASES.get(name, ())[:4] if other != name]
    return f"{name} (or {', '.join(others)})" if others else name


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
