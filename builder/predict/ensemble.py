"""The ensemble of all folds' networks: the mean of their calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES
from builder.errors import BuildError
from builder.files.regular import read_json
from builder.files.result import Damaged, read_result

MAKE_THEM = "make them with python build.py --folds 5, and name the same --work folder here"

Members = list[tuple[Path, Path]]  # of each fold the folders of its training and of its calibration


def members_of(record: Path, work: Path, network: str) -> Members:
    """The last build's networks for `network`, one per fold; raises a BuildError if it made none.

    record: the build's record, see `builder/pipeline/record.py`.
    """
    try:
        noted = read_json(record)["ensemble"][network] if record.is_file() else []
        members = [(work / trained, work / calibrated) for trained, calibrated in noted]
    except KeyError:
        members = []  # the last build made no folds, or other networks
    except (ValueError, TypeError) as error:
        raise BuildError(f"{record}, the note of what was built, is damaged", remedy=MAKE_THEM) from error
    if not members or not all(folder.is_dir() for pair in members for folder in pair):
        raise BuildError(f"there are no networks of all folds of '{network}'", remedy=MAKE_THEM)
    for folder in (folder for pair in members for folder in pair):
        try:
            read_result(folder)
        except Damaged as damaged:
            raise BuildError(f"{folder} is damaged ({damaged})", remedy=MAKE_THEM) from damaged
    return members


def predictions_of_folds(members: Members, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The calibrated probabilities of each fold's network: (folds, photos, 7)."""
    from builder.predict.calibrate import load_calibrated
    from builder.predict.trained import predict

    return np.stack([predict(load_calibrated(trained, calibrated), photos) for trained, calibrated in members])


def together(of_folds: NDArray[np.float32]) -> list[dict[str, Any]]:
    """For each photo, the mean over the folds and each fold's probabilities; of_folds: (folds, photos, 7)."""
    means = of_folds.astype(np.float64).mean(axis=0)
    return [
        {"probabilities": _by_code(means[photo]), "by_fold": [_by_code(row) for row in of_folds[:, photo]]}
        for photo in range(len(means))
    ]


def _by_code(row: NDArray[Any]) -> dict[str, float]:
    return {code: float(value) for code, value in zip(CODES, row, strict=True)}
