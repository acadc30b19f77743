"""How long a training took is noted beside it, and survives being interrupted."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from builder.train.checkpoint import write_checkpoint
from builder.train.timing import timed_training, training_time

EPOCH_S = 100.0


def train(folder: Path, epochs: int, *, then: type[BaseException] | None = None, killed: bool = False) -> None:
    """Leave the checkpoint that a training of so many epochs leaves, each of them as long as the others."""
    before = len(json.loads(str(np.load(folder / "checkpoint.npz")["history"]))) if any(folder.iterdir()) else 0
    done = epochs - (before if before < epochs else 0)

    def write() -> None:
        write_checkpoint(folder / "checkpoint.npz", [], [{}] * epochs, None)
        ended = time.time() + done * EPOCH_S
        os.utime(folder / "checkpoint.npz", (ended, ended))

    if killed:
        write()
        return
    with timed_training(folder):
        write()
        if then:
            raise then


def test_a_training_in_one_go_is_timed_whole(tmp_path: Path) -> None:
    assert training_time(tmp_path, 3) is None
    train(tmp_path, 3)
    assert training_time(tmp_path, 3) == {"seconds": pytest.approx(300, abs=20), "epochs_timed": 3}


def test_an_interrupted_training_is_timed_up_to_its_last_epoch_and_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 2, then=KeyboardInterrupt)
    train(tmp_path, 5)
    train(tmp_path, 5)  # nothing is left to do
    assert training_time(tmp_path, 5) == {"seconds": pytest.approx(500, abs=20), "epochs_timed": 5}


def test_what_was_not_timed_is_reckoned_at_the_pace_of_the_rest(tmp_path: Path) -> None:
    train(tmp_path, 2, killed=True)
    train(tmp_path, 4)
    assert training_time(tmp_path, 4) == {"seconds": pytest.approx(400, abs=40), "epochs_timed": 2}


def test_fewer_epochs_that_begin_anew_are_timed_anew(tmp_path: Path) -> None:
    train(tmp_path, 6)
    train(tmp_path, 2)
    assert training_time(tmp_path, 2) == {"seconds": pytest.approx(200, abs=20), "epochs_timed": 2}


def test_more_epochs_leave_the_time_of_fewer_as_it_was(tmp_path: Path) -> None:
    train(tmp_path, 2)
    train(tmp_path, 6)
    assert training_time(tmp_path, 2) == {"seconds": pytest.approx(200, abs=20), "epochs_timed": 2}
    assert training_time(tmp_path, 6) == {"seconds": pytest.approx(600, abs=20), "epochs_timed": 6}
