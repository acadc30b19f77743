"""Recognises the form of a source by looking at its files, and lists its photos."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from builder.data.sources.arrays import COLOUR, GREY, LABELS, list_arrays
from builder.data.sources.class_folders import is_class_folders, list_class_folders
from builder.data.sources.file_kinds import is_archive, is_dropping
from builder.data.sources.ham10000 import COLUMNS, METADATA, list_ham10000
from builder.data.sources.isic2018 import ground_truths, list_isic2018
from builder.data.sources.listing import Listing, Place
from builder.data.sources.medmnist import list_medmnist
from builder.data.sources.photo_files import (
    TABLE_SUFFIXES,
    Found,
    find_files,
    readable,
    walk,
)
from builder.data.sources.tables import columns_of, missing_columns
from builder.errors import BuildError
from builder.wording import in_home, meant

KINDS = (
    f"{METADATA}.csv (or .tab) beside its photos or their zip files; an ISIC 2018 Task 3 ground truth beside its "
    f"photos; a folder for each kind of lesion; {COLOUR} or {GREY} with {LABELS}; a DermaMNIST .npz file"
)


def list_source(source: str) -> Listing:
    """List the photos of `source` in any supported form. Raises BuildError if no supported form is found."""
    path = path_of(source)
    if not _exists(path):
        raise BuildError(
            f"there is no folder or file {path}",
            remedy=f"{_meant(source, path)}Name one with --data, or leave it out for demo data",
        )
    if not (path.is_file() or path.is_dir()):
        raise BuildError(
            f"{path} is neither a folder nor a regular file", remedy="name a folder or a file of photos with --data"
        )
    if path.is_file() and path.suffix.lower() == ".npz":
        return list_medmnist(path)
    if path.is_file() and path.suffix.lower() == ".npy":
        return list_arrays(_photos_beside(path))
    if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES:
        return _list_table(path, find_files(path.parent))
    if path.is_file() and not is_archive(path.name):
        raise BuildError(f"{path} is no source of photos", remedy=f"known are: {KINDS}")
    return _list_folder(path, find_files(path))


def path_of(source: str) -> Path:
    """The folder or file that the value of --data stands for."""
    if source == "ham10000":
        from builder.data.sources.download import cache_folder

        return cache_folder()
    return in_home(source)


def files_of_source(source: str) -> list[tuple[str, int, int]]:
    """Name, size and modification time of every file that a build could depend on: cheap to compute."""
    path = path_of(source)
    if not _exists(path):
        return []
    if path.suffix.lower() == ".npy" and path.is_file():
        return sorted(_state(file.name, file) for file in path.parent.iterdir() if file.suffix.lower() == ".npy")
    if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES:
        path = path.parent
    if not path.is_dir():
        return [_state(path.name, path)]
    return sorted(_state(name, file) for name, file in walk(path, []))


def _exists(path: Path) -> bool:
    """Whether the path exists; False for names that no disk can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _meant(source: str, path: Path) -> str:
    """A question after the source that a mistyped one is like."""
    if found := meant(source, ("demo", "ham10000")):
        return found
    try:
        return meant(path.name, sorted(beside.name for beside in path.parent.iterdir() if not is_dropping(beside.name)))
    except (OSError, ValueError):
        return ""


def _list_folder(path: Path, found: Found) -> Listing:
    if metadata := _metadata(found):
        return list_ham10000(found, metadata)
    if truths := ground_truths(found):
        return list_isic2018(found, truths)
    names = {file.name: file for file in found.arrays}
    if COLOUR in names or GREY in names:
        return list_arrays(names.get(COLOUR) or names[GREY])
    if derma := [file for file in found.arrays if file.suffix.lower() == ".npz"]:
        if len(derma) > 1:
            raise BuildError(
                f"{path} holds {len(derma)} .npz files", remedy=f"name one of them, for example --data {derma[0]}"
            )
        return list_medmnist(derma[0])
    if is_class_folders(found):
        return list_class_folders(found)
    raise BuildError(
        f"No supported data set was found in {path}: {METADATA}.csv is missing, and its {len(found.photos)} photos and "
        f"{len(found.tables)} tables are in no other supported layout{_what_tables_lack(found)}",
        remedy=f"name a folder that holds one of these: {KINDS}",
    )


def _list_table(file: Path, found: Found) -> Listing:
    """List only the photos of this table: for folders with the tables of several data sets."""
    table = PurePosixPath(file.name)
    if table in ground_truths(found):
        return list_isic2018(found, [table])
    return list_ham10000(found, table)


def _metadata(found: Found) -> PurePosixPath | None:
    """The table of HAM10000 by its name; otherwise any table with the same columns."""
    if named := sorted(path for path in found.tables if path.stem == METADATA):
        return named[0]
    fitting = (path for path, place in sorted(found.tables.items()) if not missing_of(path, place))
    return next(fitting, None)


def missing_of(path: PurePosixPath, place: Place) -> list[str]:
    """Which columns a table lacks to be one that says what photos show."""
    return missing_columns(columns_of(path, place, COLUMNS), COLUMNS)


def _what_tables_lack(found: Found) -> str:
    """Of the table that lacks least, its name and what it lacks; nothing where no table has any of the columns."""
    lacking = {path: missing_of(path, place) for path, place in sorted(found.tables.items())}
    near = sorted((len(missing), path) for path, missing in lacking.items() if len(missing) < len(COLUMNS))
    return f"; {near[0][1]} has no column for {' and '.join(lacking[near[0][1]])}" if near else ""


def _photos_beside(file: Path) -> Path:
    """The array of photos for an `.npy` file: for `y.npy`, the one beside it."""
    if file.name in (COLOUR, GREY):
        return file
    for name in (COLOUR, GREY):
        if file.name == LABELS and file.with_name(name).exists():
            return file.with_name(name)
    raise BuildError(f"{file} is neither {COLOUR} nor {GREY}", remedy=f"name the photos so, and their labels {LABELS}")


def _state(name: str, file: Path | os.DirEntry[str]) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError:
        return readable(name), -1, -1  # a link that leads nowhere; it is there, and may be mended
    return readable(name), status.st_size, status.st_mtime_ns
