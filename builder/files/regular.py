"""Reads regular files only: reading a FIFO would block, and a device never ends."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

MOST_BYTES = 200_000_000  # of a text or of JSON: a list of files, a report, a million predictions


def status_of(path: str | os.PathLike[str]) -> os.stat_result:
    """The status of a regular file, or of the regular file behind a link. Raises OSError for anything else."""
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return status


def open_file(path: str | os.PathLike[str], most_bytes: int) -> BinaryIO:
    """Open a regular file of at most that many bytes for reading. Raises OSError for anything else."""
    size = status_of(path).st_size
    if size > most_bytes:
        raise OSError(
            errno.EFBIG, f"it is too large ({size / 1e6:.0f} MB; the limit is {most_bytes / 1e6:.0f})", os.fspath(path)
        )
    return open(path, "rb")


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The UTF-8 text of a regular file. Raises OSError, or UnicodeDecodeError if it is not text."""
    with open_file(path, most_bytes) as file:
        return file.read(most_bytes).decode()


def read_json(file: Path) -> Any:
    """The JSON content of a file; raises ValueError if the file is missing or not JSON."""
    try:
        return json.loads(read_text(file))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error
    except RecursionError:
        raise ValueError(f"{file} is nested too deeply") from None
