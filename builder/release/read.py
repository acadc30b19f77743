"""Reads the folders of released networks, for a site that is rendered without training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.errors import BuildError
from builder.export.card import card_problem
from builder.export.disk_copies import write_disk_copy
from builder.files.ownership import DONE, changed_in, copy_files, files_of
from builder.files.regular import read_json
from builder.release.config_file import read_settings
from builder.release.file_names import CONFIG, PROVENANCE

GET_IT_BACK = "get it back with git checkout, or name another folder, as --trained=FOLDER"
TRAIN_ONE = "train one with python build.py --data SOURCE, and make the folder from it with python build.py release"


def networks_in(trained: Path, names: Sequence[str], *, are_all_needed: bool) -> list[str]:
    """Those of the names that have a folder in `trained`, in their order.

    Raises a BuildError if there is none, or, if all are needed, unless all are there.
    """
    found = [name for name in names if (trained / name / PROVENANCE).is_file()]
    if not found or (are_all_needed and len(found) < len(names)):
        missing = next(name for name in names if name not in found)
        raise BuildError(f"there is no trained network in {trained / missing}", remedy=TRAIN_ONE)
    for folder in (trained / name for name in found):
        if damaged := changed_in(folder) if files_of(folder) else [DONE]:
            raise BuildError(f"{folder / damaged[0]} is damaged or missing", remedy=GET_IT_BACK)
    return found


def settings_of(folder: Path) -> dict[str, Any]:
    """The settings that the network in that folder was built with, as `Config.as_dict` gives them."""
    return read_settings(folder / CONFIG, folder.name)


def unpack_release(release: Path, classes: list[dict[str, Any]], into: Path) -> None:
    """Stage entry: save what the site is rendered from, with disk copies of the model.

    classes: the classes for the card, whose texts may have changed since.
    """
    name = release.name
    copy_files((release / file for file in files_of(release)), release, into)
    folder = into / "model" / name
    card = read_json(folder / "card.json")
    card["classes"] = classes
    if problem := card_problem(card, name, classes):
        raise BuildError(
            f"{release} is of another version of this program: {problem}",
            remedy="train the network again with this version, and release that",
        )
    (folder / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    for file in sorted(folder.iterdir()):
        write_disk_copy(file, into)
