"""Files that are files: a FIFO would be waited for, a device never ends, and a folder cannot be read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def status_of(path: str | os.PathLike[str]) -> os.stat_result:
    """The status of a regular file, or of the one that a link leads to. Raises OSError for anything else."""
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return status


def open_file(path: str | os.PathLike[str], most_bytes: int) -> BinaryIO:
    """Open a regular file of at most so many bytes for reading. Raises OSError for anything else."""
    size = status_of(path).st_size
    if size > most_bytes:
        raise OSError(
            errno.EFBIG, f"it is too large ({size / 1e6:.0f} MB; the limit is {most_bytes / 1e6:.0f})", os.fspath(path)
        )
    return open(path, "rb")


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a regular file in UTF-8. Raises OSError, or UnicodeDecodeError where it is no text."""
    with open_file(path, most_bytes) as file:
        return file.read(most_bytes).decode()
