"""Writes files atomically: a file is complete under its name, or does not exist, whenever writing is interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from builder.files.ownership import delete_files, replace_file


@contextmanager
def writing_atomically(file: Path) -> Iterator[BinaryIO]:
    """Open `file` for writing and reading; it gets its name once everything is on disk.

    If writing fails before that, for example on a full disk or Ctrl-C, the old file is unchanged.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        with open(part, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        replace_file(part, file)
    except BaseException:
        delete_files([part])
        raise
    _sync_folder(file.parent)


def write_atomically(file: Path, text: str) -> None:
    """Write a file of UTF-8 text, with unchanged line ends."""
    with writing_atomically(file) as stream:
        stream.write(text.encode())


def write_json(file: Path, content: Any) -> None:
    write_atomically(file, json.dumps(content, indent=1))


def _sync_folder(folder: Path) -> None:
    """Flush a folder's names to disk, if the system can open folders; otherwise a power cut may lose them."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
