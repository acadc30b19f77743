"""Reads tables of labels: separated by comma, semicolon or tab, with any line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import PurePosixPath

from builder.data.sources.listing import Place
from builder.data.sources.photo_files import MAX_TABLE_BYTES, UNREADABLE, opened
from builder.errors import BuildError

Line = dict[str, str]


def read_table(
    path: PurePosixPath, place: Place, needed: tuple[str, ...], also: tuple[str, ...] = ()
) -> Iterator[Line]:
    """The rows of a table, with the named columns; missing values are empty text. Raises BuildError.

    needed: columns that must exist. also: columns to read if they exist. Other columns are skipped: a hundred thousand
    of them, in rows that leave them empty, would need unlimited memory.
    """
    with _rows(path, place) as rows:
        columns = _header(rows)
        if missing := [column for column in needed if column not in columns]:
            raise BuildError(f"{path}: there is no column '{missing[0]}'", remedy=f"it needs: {', '.join(needed)}")
        wanted = [(name, columns.index(name)) for name in (*needed, *also) if name in columns]
        for row in rows:
            if row:
                yield {name: row[at].strip() if at < len(row) else "" for name, at in wanted}


def columns_of(path: PurePosixPath, place: Place) -> list[str]:
    """The columns of a table; none if the file is not a table."""
    try:
        with _rows(path, place) as rows:
            return _header(rows)
    except BuildError:
        return []


@contextmanager
def _rows(path: PurePosixPath, place: Place) -> Iterator[Iterator[list[str]]]:
    try:
        with opened(place, MAX_TABLE_BYTES) as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
            first = text.readline()
            if "\0" in first:
                raise ValueError("it is no text in UTF-8")
            yield csv.reader(chain([first], text), delimiter=max("\t;,", key=first.count))
    except (*UNREADABLE, csv.Error) as error:
        raise BuildError(f"{path} cannot be read: {_said(error)}", remedy="fetch that table again") from error


def _header(rows: Iterator[list[str]]) -> list[str]:
    return [column.strip() for column in next(rows, [])]


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
