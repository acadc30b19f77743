"""The checkpoint of a training: weights and optimiser after the last epoch, and the history so far.

Each file is an ordinary `.npz` whose archive comment is the SHA-256 of everything before it: a flipped bit is found
before any number is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from builder.files.atomic_write import writing_atomically
from builder.files.ownership import delete_files
from builder.progress import console
from builder.train.history import History

SEAL_BYTES = 64  # a SHA-256 in hexadecimal digits
HASHED_AT_ONCE_BYTES = 1 << 20


def write_checkpoint(checkpoint: Path, variables: Iterable[Any], history: History, kept: Path | None) -> None:
    """Replace the checkpoint atomically; kept: the best epoch's weights, if training ends with them."""
    relies_on = {kept.name: _seal_at_end(kept)} if kept else {}
    write_arrays(checkpoint, variables, history=json.dumps(history), relies_on=json.dumps(relies_on))


def write_arrays(file: Path, variables: Iterable[Any], **texts: str) -> None:
    """Write the same file as `np.savez`, array by array: all at once would double the memory of the network."""
    with writing_atomically(file) as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            archive.comment = bytes(SEAL_BYTES)

            def write(name: str, array: NDArray[Any]) -> None:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array)

            for index, variable in enumerate(variables):
                write(f"arr_{index}", variable.numpy())
            for name, text in texts.items():
                write(name, np.array(text))
        seal = _seal_of(stream)  # which leaves the stream where the seal belongs
        stream.write(seal)


def read_history(checkpoint: Path) -> History:
    """Loss and accuracy of every epoch in the checkpoint; empty if it is damaged, which is reported.

    A damaged checkpoint is deleted, and training starts from the beginning.
    """
    if not checkpoint.exists():
        return []
    if damaged := _damaged_file(checkpoint):
        console.print(f"{damaged} is damaged: the training begins anew")
        delete_files([checkpoint])
        return []
    history: History = json.loads(_text_in(checkpoint, "history"))
    return history


def read_arrays(file: Path) -> list[NDArray[Any]]:
    with np.load(file) as saved:
        return [saved[f"arr_{index}"] for index in range(sum(name.startswith("arr_") for name in saved.files))]


def _damaged_file(checkpoint: Path) -> Path | None:
    """The file, either the checkpoint or one it depends on, that is damaged; None if there is none."""
    if not _is_whole(checkpoint):
        return checkpoint
    for name, seal in json.loads(_text_in(checkpoint, "relies_on")).items():
        kept = checkpoint.with_name(name)
        if not _is_whole(kept) or _seal_at_end(kept) != seal:
            return kept
    return None


def _text_in(file: Path, name: str) -> str:
    with np.load(file) as saved:
        return str(saved[name])


def _is_whole(file: Path) -> bool:
    if not file.is_file() or file.stat().st_size < SEAL_BYTES:
        return False
    with open(file, "rb") as stream:
        return _seal_of(stream) == stream.read()


def _seal_of(stream: BinaryIO) -> bytes:
    """The hash of everything before the seal, the last bytes; the stream is left at the seal."""
    left = stream.seek(0, os.SEEK_END) - SEAL_BYTES
    stream.seek(0)
    digest = hashlib.sha256()
    while left and (block := stream.read(min(left, HASHED_AT_ONCE_BYTES))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode("ascii")


def _seal_at_end(file: Path) -> str:
    with open(file, "rb") as stream:
        stream.seek(-SEAL_BYTES, os.SEEK_END)
        return stream.read().decode("ascii")
