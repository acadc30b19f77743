"""Locks a folder that several builds share (work folder, download cache): one build uses it at a time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout, lock_descriptor

from builder.progress import console

LOCK = "lock"  # a file in the folder; only who has it open holds it: one that is left over after a crash stops nobody
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EBADF)  # some network drives: there, as if nobody else were at it


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; a second process says that it waits, and waits."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            console.print(f"another build is at work in {folder}: waiting until it has finished")
            lock.acquire()
    except OSError as error:  # a Timeout is one too, but has been heard
        if error.errno not in WITHOUT_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_beside(folder: Path) -> Iterator[None]:
    """Hold a lock on the parent of `folder`: the parent stays in place while `folder` is replaced.

    If the system can lock folders, this leaves no file behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            yield
        return
    handle = os.open(folder.parent, os.O_RDONLY)
    try:
        if not lock_descriptor(handle, blocking=False):
            console.print(f"another build is at work beside {folder}: waiting until it has finished")
            lock_descriptor(handle)
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            os.close(handle)
            raise
    try:
        yield
    finally:
        os.close(handle)
