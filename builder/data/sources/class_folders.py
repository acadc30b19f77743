"""Reads a folder with one subfolder per class, optionally inside training, validation and test folders."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

from builder.classes import CODES
from builder.data.sources.ham10000 import PART_NAMES
from builder.data.sources.labels import code_of_name
from builder.data.sources.listing import Entry, LeftOut, Listing, unknown_label
from builder.data.sources.photo_files import Found, readable
from builder.errors import BuildError


def is_class_folders(found: Found) -> bool:
    """Whether any photo is in a folder with the name of a class."""
    start = _length_of_wrapping(found)
    return any(_part_and_class(path, start)[1] for path in found.photos)


def list_class_folders(found: Found) -> Listing:
    """List the photos of all class folders; a folder with another name than a class's leads to a `refusal`."""
    start = _length_of_wrapping(found)
    entries: list[Entry] = []
    left_out: list[LeftOut] = [*found.left_out]
    unknown: Counter[str] = Counter()
    for path, place in sorted(found.photos.items()):
        part, code, folder = _part_and_class(path, start)
        if code:
            entries.append(Entry(readable(path), "", code, place, part))
        elif folder:
            unknown[folder] += 1
            left_out.append((readable(path), unknown_label(readable(folder))))
        else:
            left_out.append((readable(path), "it lies in no class folder"))
    return Listing(
        source="class folders",
        title="photos in class folders",
        entries=entries,
        left_out=left_out,
        passed_over=found.passed_over,
        refusal=_refusal_of(unknown) if unknown else None,
    )


def _refusal_of(unknown: Counter[str]) -> BuildError:
    names = ", ".join(f"'{readable(name)}' ({count})" for name, count in sorted(unknown.items()))
    return BuildError(
        f"folders whose name is not that of a kind of lesion, and how many photos are in them: {names}",
        remedy=f"rename them to one of {', '.join(CODES)} (or its full name), or move them away",
    )


def _part_and_class(path: PurePosixPath, start: int) -> tuple[str, str | None, str]:
    """Part, code, and the folder that should name the class; empty if there is no such folder."""
    folders = path.parts[start:-1]
    part = PART_NAMES.get(folders[0].lower(), "") if folders else ""
    rest = folders[1:] if part else folders
    return part, code_of_name(rest[0]) if rest else None, "/".join(folders[: 2 if part else 1]) if rest else ""


def _length_of_wrapping(found: Found) -> int:
    """How many outer folders contain everything and carry no information, such as the root of an unpacked zip file."""
    paths: list[tuple[str, ...]] = [path.parts[:-1] for path in found.photos]
    start = 0
    while paths and all(len(parts) > start + 1 for parts in paths):
        names = {parts[start] for parts in paths}
        name = next(iter(names))
        if len(names) > 1 or code_of_name(name) or name.lower() in PART_NAMES:
            break
        start += 1
    return start
