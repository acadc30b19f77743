"""Reads a stage's result, and compares it with the hashes saved with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builder.files.ownership import DONE, Files, changed_in, files_of
from builder.files.regular import read_json


class Damaged(Exception):
    """A result that has changed since its stage saved it; the message names the file."""


def read_result(folder: Path, depends_on: list[Any] | None = None) -> Files:
    """The hashes of a stage's result in `folder`, after comparing every file with them; raises Damaged.

    depends_on: the inputs it must have been made from, if known.
    """
    try:
        done = read_json(folder / DONE)
        is_its_own = depends_on is None or done["depends_on"] == json.loads(json.dumps(depends_on))
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(DONE) from error
    result = files_of(folder)
    if not result or not is_its_own:
        raise Damaged(DONE)
    if changed := changed_in(folder):
        raise Damaged(changed[0])
    return result
