"""How long a training took: noted beside its checkpoint, not in its result, as no two trainings take the same time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

CHECKPOINT, NOTES = "checkpoint.npz", "seconds.json"


@contextmanager
def timed_training(folder: Path) -> Iterator[None]:
    """Note how long the epochs took that are trained within, the last one finished before Ctrl-C included.

    folder: that of the checkpoint. What a run that was killed took is not known; a later one notes its own epochs.
    """
    checkpoint = folder / CHECKPOINT
    before, began = _epochs_in(checkpoint), time.time()
    try:
        yield
    finally:
        after, notes = _epochs_in(checkpoint), _notes_in(folder)
        if after < before:  # begun anew, as fewer epochs were asked for
            before, notes = 0, []
        if after > before:
            seconds = checkpoint.stat().st_mtime - began
            notes.append({"first_epoch": before + 1, "last_epoch": after, "seconds": round(seconds, 1)})
            (folder / NOTES).write_text(json.dumps(notes, indent=1), encoding="utf-8")


def training_time(folder: Path, epochs: int) -> dict[str, Any] | None:
    """What `epochs` epochs took, as {"seconds", "epochs_timed"}; None where none of them was timed.

    Where some were not, the seconds are those of all epochs at the pace of the others.
    """
    notes = [note for note in _notes_in(folder) if note["last_epoch"] <= epochs]
    timed = sum(note["last_epoch"] - note["first_epoch"] + 1 for note in notes)
    if not timed:
        return None
    return {"seconds": round(sum(note["seconds"] for note in notes) / timed * epochs, 1), "epochs_timed": timed}


def _epochs_in(checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    with np.load(checkpoint) as saved:
        return len(json.loads(str(saved["history"])))


def _notes_in(folder: Path) -> list[dict[str, Any]]:
    file = folder / NOTES
    notes: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return notes
