"""The record of the last build's request, kept in the work folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.config.config import Config
from builder.errors import BuildError
from builder.files.atomic_write import write_json
from builder.files.ownership import is_whole
from builder.files.regular import read_json
from builder.folders import Folders, NetworkResults
from builder.pipeline.request import Request
from builder.release.made_by import describe_maker
from builder.site.replace_site import site_files

if TYPE_CHECKING:
    from builder.data.photo_list import ListedPhoto

# For each network of the site, its photos: result folders (`photos`, `split`) inside the work folder, or a `list` file.
LearnedFrom = Mapping[str, Mapping[str, str]]


def refuse_if_outdated(folders: Folders, then: str = "publish") -> dict[str, Any]:
    """Raise a BuildError if the site does not match its config, or is not the last build's; returns the record.

    then: what the site is wanted for.
    """
    remedy = f"run python build.py, with the same options as before, and {then} then"
    if not folders.record.is_file() or not (folders.site / "index.html").is_file():
        raise BuildError("there is no built site yet", remedy=remedy)
    try:
        record: dict[str, Any] = read_json(folders.record)
        request = request_in(record)
        finished, built_with = record["finished"], record["config"]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error.__cause__, PermissionError):
            raise error.__cause__ from None  # another user's
        raise BuildError(f"{folders.record}, the note of what was built, is damaged", remedy=remedy) from error
    if not finished:
        raise BuildError("the last build did not finish, the site is an older one", remedy=remedy)
    if json.loads(json.dumps(request.config().as_dict())) != built_with:  # JSON has lists for tuples
        raise BuildError(f"the site is older than {request.config_file.name}", remedy=remedy)
    if site_files(folders.site) != record.get("site"):
        raise BuildError(f"{folders.site} is not what the last build in {folders.work} has made", remedy=remedy)
    return record


def request_in(record: Mapping[str, Any]) -> Request:
    return Request(Path(record["config_file"]), record["source"], tuple(record["settings"]))


def write_record(
    request: Request,
    config: Config,
    folders: Folders,
    *,
    rendered: Path | None = None,
    ensemble: dict[str, Any] | None = None,
    learned_from: LearnedFrom | None = None,
    results: Mapping[str, NetworkResults] | None = None,
) -> None:
    """Record what was built, for `publish` to compare, and the networks of all folds, for `predict`.

    Call it when the site is in place: a build that was refused or cut leaves the record of the last good one.

    learned_from: the photos of each network, for `evaluate`. results: those of each network, for `release`; the record
    then says too by what they were made.
    """
    folders.work.mkdir(parents=True, exist_ok=True)
    record = {
        "finished": True,  # earlier versions also recorded builds that were not
        "config_file": str(request.config_file.resolve()),
        "source": request.source,
        "settings": request.settings,
        "config": config.as_dict(),
        **({"site": site_files(rendered)} if rendered else {}),
        **({"ensemble": ensemble} if ensemble else {}),
        **({"learned_from": learned_from} if learned_from else {}),
        **({"results": _noted(results, folders.work), "made_by": describe_maker()} if results else {}),
    }
    write_json(folders.record, record)


def _noted(results: Mapping[str, NetworkResults], work: Path) -> dict[str, dict[str, str]]:
    """The result folders of each network inside the work folder."""
    return {
        name: {stage.name: getattr(of, stage.name).relative_to(work).as_posix() for stage in fields(of)}
        for name, of in results.items()
    }


def photos_learned_from(folders: Folders) -> dict[str, list[ListedPhoto]]:
    """The photos that each network of the site was made from, with their parts; unknown ones are missing."""
    try:
        record = read_json(folders.record)
        if not record["finished"] or record["site"] != site_files(folders.site):
            return {}
        sources = {name: dict(source) for name, source in record["learned_from"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    lists: dict[tuple[tuple[str, str], ...], list[ListedPhoto]] = {}
    found = {}
    for name, source in sources.items():
        key = tuple(sorted(source.items()))
        try:
            lists[key] = found[name] = lists[key] if key in lists else _listed(source, folders.work)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _listed(source: Mapping[str, str], work: Path) -> list[ListedPhoto]:
    import numpy as np

    from builder.data.photo_list import list_photos, read_photo_list
    from builder.data.store import load_photos
    from builder.split import load_parts

    if "list" in source:
        return read_photo_list(Path(source["list"]))
    photos, split = work / source["photos"], work / source["split"]
    if not (is_whole(photos) and is_whole(split)):
        raise ValueError(f"{photos} or {split} is damaged")
    part_of = np.full(len(load_photos(photos).labels), "", dtype=object)
    for part, rows in load_parts(split).items():
        part_of[rows] = part
    return list_photos(photos, part_of.tolist())
