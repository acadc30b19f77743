"""The ways in which a file on a disk comes to harm."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

GARBAGE = b"\x00\xff{]\x93NUMPY \xe9\n" * 40


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _put_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "somebodys.txt").write_text("not the build's", encoding="utf-8")


def _delete(file: Path) -> None:
    shutil.rmtree(file) if file.is_dir() else file.unlink()


WAYS: dict[str, Callable[[Path], object]] = {
    "emptied": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3]),
    "flipped": _flip,
    "deleted": _delete,
    "garbage": lambda file: file.write_bytes(GARBAGE),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "a folder": _put_folder,
}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, but for what was set aside because it is not as it was made."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and "-changed-" not in file.as_posix())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
