"""The duration of a training, saved beside its checkpoint and not in its result: no two trainings take equally long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder.files.atomic_write import write_json
from builder.files.regular import read_json
from builder.progress import console
from builder.train.checkpoint import read_history

CHECKPOINT, NOTES = "checkpoint.npz", "seconds.json"


@contextmanager
def timed_training(folder: Path) -> Iterator[None]:
    """Record how long the epochs in this context take, including the last one finished before Ctrl-C.

    folder: of the checkpoint. The time of a killed run is lost; a later run records its own epochs.
    """
    checkpoint = folder / CHECKPOINT
    before, began = len(read_history(checkpoint)), time.time()
    try:
        yield
    finally:
        after, notes = len(read_history(checkpoint)), _notes_in(folder)
        if after < before:  # begun anew, as fewer epochs were asked for
            before = 0
        if after > before:
            seconds = checkpoint.stat().st_mtime - began
            notes = [note for note in notes if note["last_epoch"] <= before]  # later ones are of a training begun anew
            notes.append({"first_epoch": before + 1, "last_epoch": after, "seconds": round(seconds, 1)})
            write_json(folder / NOTES, notes)


def training_time(folder: Path, epochs: int) -> dict[str, Any] | None:
    """How long `epochs` epochs took, as {"seconds", "epochs_timed"}; None if none was timed.

    If some were not timed, the seconds are extrapolated from those that were.
    """
    notes = [note for note in _notes_in(folder) if note["last_epoch"] <= epochs]
    timed = sum(note["last_epoch"] - note["first_epoch"] + 1 for note in notes)
    if not timed:
        return None
    return {"seconds": round(sum(note["seconds"] for note in notes) / timed * epochs, 1), "epochs_timed": timed}


def _notes_in(folder: Path) -> list[dict[str, Any]]:
    """The recorded times; empty if the file is damaged, which is reported: training does not depend on it."""
    file = folder / NOTES
    if not file.exists():
        return []
    try:
        return [
            {**{key: int(note[key]) for key in ("first_epoch", "last_epoch")}, "seconds": float(note["seconds"])}
            for note in read_json(file)
        ]
    except (ValueError, TypeError, KeyError):
        console.print(f"{file} is damaged: how long those epochs took is not known")
        return []
