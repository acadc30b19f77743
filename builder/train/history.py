"""The history of a training, epoch by epoch."""

from __future__ import annotations

History = list[dict[str, float]]  # of each epoch its number, loss and accuracy, on training and validation


def kept_epoch(history: History, keep: str) -> int:
    """The epoch whose weights are kept: the `last` one, or the `best` one, with the lowest validation loss."""
    return int(min(history, key=lambda epoch: epoch["val_loss"])["epoch"]) if keep == "best" else len(history)
