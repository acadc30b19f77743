"""Saves photos and all facts about them, in the files that `builder.data.store` reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.data.sources.listing import DETAILS, Entry, LeftOut
from builder.data.store import NAMES


def save_names(image_ids: list[str], lesion_ids: list[str], left_out: list[LeftOut], into: Path) -> None:
    files = [{"file": name, "reason": reason} for name, reason in sorted(left_out)]
    names = {"image_ids": image_ids, "lesion_ids": lesion_ids, "left_out": files}
    (into / NAMES).write_text(json.dumps(names, indent=1), encoding="utf-8")


def save_table(
    entries: list[Entry], lesion_ids: list[str], sizes: list[str], about: dict[str, Any], into: Path
) -> None:
    """Save the facts for training in one file and those only for figures in another: see builder/pipeline/stages.py."""
    photos = ([e.image_id, lesion_id, e.code, e.part] for e, lesion_id in zip(entries, lesion_ids, strict=True))
    _write_rows(into / "photos.csv", ["image_id", "lesion_id", "code", "part"], photos)
    details = ([size, *entry.details] for entry, size in zip(entries, sizes, strict=True))
    _write_rows(into / "details.csv", ["size", *DETAILS], details)
    (into / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _write_rows(file: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with open(file, "w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows([header, *rows])
