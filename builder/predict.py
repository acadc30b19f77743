"""Classifies photos from the terminal: the network of the built site, with the page's own preprocessing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from builder.classes import CLASSES, CODES
from builder.errors import BuildError
from builder.preprocess import PhotoProblem, Pixels, photo_to_pixels

WARNING = "For education only: this is not a diagnosis. Show any spot that worries you to a dermatologist."


def predict_photos(photos: list[Path], model: Path, *, as_json: bool) -> int:
    """Print what the network in `model` answers for each photo; returns the exit code.

    A photo that cannot be used is named on the standard error stream and left out; the others are still answered.
    """
    if not (model / "model.json").is_file():
        raise BuildError("there is no built network yet", remedy="run python build.py first")
    readable: list[Path] = []
    pixels: list[Pixels] = []
    for photo in photos:
        try:
            pixels.append(photo_to_pixels(photo))
            readable.append(photo)
        except PhotoProblem as problem:
            print(f"{problem.problem}: {problem.remedy}", file=sys.stderr)
    answers = _classify(pixels, model) if pixels else []
    if as_json:
        rows = [{"file": str(photo), "probabilities": answer} for photo, answer in zip(readable, answers, strict=True)]
        print(json.dumps({"photos": rows}, indent=1))
    elif answers:
        for photo, answer in zip(readable, answers, strict=True):
            print(_in_words(photo, answer))
        print(WARNING)
    return 0 if len(readable) == len(photos) else 1


def _classify(pixels: list[Pixels], model: Path) -> list[dict[str, float]]:
    import numpy as np

    from builder.tensorflowjs_writer import load_layers_model
    from builder.train import predict

    probabilities = predict(load_layers_model(model), np.stack(pixels))
    return [{code: float(value) for code, value in zip(CODES, row, strict=True)} for row in probabilities]


def _in_words(photo: Path, answer: dict[str, float]) -> str:
    ranked = sorted(CLASSES, key=lambda lesion_class: -answer[lesion_class.code])
    lines = [f"{answer[kind.code]:7.1%}  {kind.name} ({kind.group}): {kind.plain}" for kind in ranked]
    return "\n".join([str(photo), *lines, ""])
