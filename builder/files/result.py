"""What a stage has left, read back and compared with the hashes that it noted down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builder.files.ownership import DONE, Files, changed_in, files_of
from builder.files.regular import read_json


class Damaged(Exception):
    """A result is not as its stage has left it; says which file of it."""


def read_result(folder: Path, depends_on: list[Any] | None = None) -> Files:
    """What a stage has left in `folder`, every file read and compared with its hash; raises Damaged.

    depends_on: what it must have been made from, if that is known.
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
