"""Checks a model card before use: every key, type, range and count.

`card.schema.json` says what each key may hold. The page refuses the same cards, in `web_template/js/network/cards.js`.
"""

from __future__ import annotations

import base64
import binascii
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator

from builder.files.regular import read_json

SCHEMA = Path(__file__).with_name("card.schema.json")
LEVELS = ("sure", "fairly-sure", "not-sure")
SUM_SLACK = 0.0001  # probabilities are 32-bit numbers


def card_problem(card: Any, name: str, classes: list[dict[str, object]]) -> str | None:
    """The reason why a card cannot be used, in a few words; None if it can. name: the network's.

    classes: the classes that the card must describe.
    """
    try:
        json.dumps(card, allow_nan=False)
    except ValueError:
        return "one of its numbers is none"
    schema = read_json(SCHEMA)
    for error in Draft202012Validator(schema).iter_errors(card):
        return f"{error.json_path.removeprefix('$.')} is not what it must be ({error.validator})"
    try:
        problems = _problems_together(card, name, classes)
    except binascii.Error as error:
        return str(error)
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _problems_together(card: dict[str, Any], name: str, classes: list[dict[str, object]]) -> dict[str, bool]:
    """Problems that only show when several keys are compared."""
    size, files, levels = card["input"], card["files"], card["judgement"]["sureness"]
    vectors = card["self_test"]["vectors"]
    shards = len(files) - 1
    paths = ["model.json", *(f"group1-shard{i}of{shards}.bin" for i in range(1, shards + 1))]
    places = [LEVELS.index(level["level"]) for level in levels]
    begins = [level["from"] for level in levels]
    quality = card["judgement"]["quality"]
    bytes_of_input = size["width_px"] * size["height_px"] * 3
    return {
        f"it is that of '{card['name']}'": card["name"] != name,
        "its input is not 4 : 3": 4 * size["height_px"] != 3 * size["width_px"],
        "its classes are others": card["classes"] != classes,
        "its files are not a model and its shards": [file["path"] for file in files] != paths,
        "its bytes are not the sum of its files'": sum(file["bytes"] for file in files) != card["bytes"],
        "its levels of sureness are in no order": places != sorted(set(places))
        or any(below >= above for above, below in pairwise(begins)),
        "its levels of sureness leave some out": levels[-1]["level"] != LEVELS[-1] or begins[-1] != 0,
        "its numbers of the OOD detector do not fit together": not _is_ood_sound(card["judgement"]["scope"]),
        "what it calls dark is brighter than what it calls bright": (
            quality["lowest_brightness"] >= quality["highest_brightness"]
        ),
        "the photos of its self-test are not its input's size": any(
            len(base64.b64decode(vector["pixels"])) != bytes_of_input for vector in vectors
        ),
        "the answers of its self-test are no whole ones": any(
            len(vector["probabilities"]) != len(card["classes"]) or abs(sum(vector["probabilities"]) - 1) > SUM_SLACK
            for vector in vectors
        ),
        "the photos of its self-test are the same": len({vector["pixels"] for vector in vectors}) < len(vectors),
    }


def _is_ood_sound(limits: dict[str, Any]) -> bool:
    packed = [base64.b64decode(limits[key]) for key in ("mean", "scale", "root")]
    if any(len(content) % 4 for content in packed):
        return False
    mean, scale, root = (np.frombuffer(content, "<f4") for content in packed)
    fits = len(limits["layers"]) == len(limits["cell_px"]) and len(scale) == len(mean)
    fits = fits and len(root) == len(mean) * (len(mean) + 1) // 2
    return bool(fits and all(np.isfinite(numbers).all() for numbers in (mean, scale, root)) and (scale > 0).all())
