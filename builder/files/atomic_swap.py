"""Swaps two folders atomically, if the system can: no reader ever finds one of them missing."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

CURRENT_FOLDER = -100  # AT_FDCWD of Linux; of no account for whole paths
RENAME_EXCHANGE = 2  # of renameat2(2), Linux
RENAME_SWAP = 2  # of renamex_np(2), macOS
# What systems and drives answer that cannot do it.
UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)


def swap_folders(first: Path, second: Path) -> bool:
    """Swap two folders on one disk; returns False if the system cannot do that atomically."""
    if os.name == "nt":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    one, other = os.fsencode(first.absolute()), os.fsencode(second.absolute())
    if hasattr(system, "renameat2"):
        failed = system.renameat2(CURRENT_FOLDER, one, CURRENT_FOLDER, other, RENAME_EXCHANGE)
    elif hasattr(system, "renamex_np"):
        failed = system.renamex_np(one, other, RENAME_SWAP)
    else:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in UNKNOWN:
        return False
    raise OSError(code, os.strerror(code), os.fspath(second))
