"""Files that a later run goes by: each stands whole under its name, or not at all, whatever cuts its writing off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from builder.files.ownership import delete_files, replace_file


@contextmanager
def writing_whole(file: Path) -> Iterator[BinaryIO]:
    """Open `file` for writing and reading; it takes its name when all of it is on the disk.

    Whatever breaks off before that, a full disk or Ctrl-C, leaves what stood there as it was.
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


def write_whole(file: Path, text: str) -> None:
    """Write a file of UTF-8 text, with its line ends as they are."""
    with writing_whole(file) as stream:
        stream.write(text.encode())


def write_json(file: Path, content: Any) -> None:
    write_whole(file, json.dumps(content, indent=1))


def _sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, where the system opens folders; without that, a power cut may take them."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
