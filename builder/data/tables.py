"""Reads the tables that say what photos show: comma, semicolon or tab between the columns, any line ends."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import PurePosixPath

from builder.data.listing import Place
from builder.data.photo_files import read_bytes
from builder.errors import BuildError

Line = dict[str, str]


def read_table(path: PurePosixPath, place: Place) -> tuple[list[str], list[Line]]:
    """The columns and lines of a table; what a line does not fill is empty text. Raises BuildError."""
    try:
        text = read_bytes(place).decode("utf-8-sig")
        header = text.split("\n", 1)[0]
        separator = max("\t;,", key=header.count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restval="")
        columns = [column.strip() for column in reader.fieldnames or []]
        reader.fieldnames = columns
        lines = [{key: (value or "").strip() for key, value in line.items() if key} for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile) as error:
        raise BuildError(f"{path} cannot be read: {error}", remedy="fetch that table again") from error
    return columns, lines


def columns_of(path: PurePosixPath, place: Place) -> list[str]:
    """The columns of a table, or none where it is no table."""
    try:
        return read_table(path, place)[0]
    except BuildError:
        return []


def require(path: PurePosixPath, columns: list[str], needed: tuple[str, ...]) -> None:
    """Raise a BuildError if a needed column is missing."""
    if missing := [column for column in needed if column not in columns]:
        raise BuildError(f"{path}: there is no column '{missing[0]}'", remedy=f"it needs: {', '.join(needed)}")
