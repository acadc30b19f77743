"""Lets one process at a time fill a folder that several share."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from builder.progress import console

LOCK = "lock"  # a file in the folder; it stays, and only who has it open holds it: none is left over after a crash
LOOK_AGAIN_S = 1.0  # where the system cannot wait by itself (Windows)
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)  # some network drives: there, as if nobody else were at it


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; whoever comes second is told so and waits."""
    with open(folder / LOCK, "ab") as file:
        try:
            if not _take(file, wait=False):
                console.print(f"another build is at work in {folder}: waiting until it has finished")
                _take(file, wait=True)
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
        yield  # closing the file lets go of the lock


if os.name == "nt":
    import msvcrt

    def _take(file: IO[bytes], *, wait: bool) -> bool:
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
                return True
            except PermissionError:
                if not wait:
                    return False
                time.sleep(LOOK_AGAIN_S)

else:
    import fcntl

    def _take(file: IO[bytes], *, wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
