"""The record of the last build's request, kept in the work folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.errors import BuildError
from builder.files.regular import read_json
from builder.files.whole import write_json
from builder.folders import Folders
from builder.pipeline.request import Request
from builder.site.replace_site import site_files


def refuse_if_outdated(folders: Folders) -> None:
    """Raise a BuildError if the site does not match its config: the last build failed, or the config has changed."""
    remedy = "run python build.py, with the same options as before, and publish then"
    if not folders.record.is_file() or not (folders.site / "index.html").is_file():
        raise BuildError("there is no built site yet", remedy=remedy)
    try:
        record = read_json(folders.record)
        request = Request(Path(record["config_file"]), record["source"], tuple(record["settings"]))
        finished, built_with = record["finished"], record["config"]
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{folders.record}, the note of what was built, is damaged", remedy=remedy) from error
    if not finished:
        raise BuildError("the last build did not finish, the site is an older one", remedy=remedy)
    if request.config().as_dict() != built_with:
        raise BuildError(f"the site is older than {request.config_file.name}", remedy=remedy)
    if site_files(folders.site) != record.get("site"):
        raise BuildError(f"{folders.site} is not what the last build in {folders.work} has made", remedy=remedy)


def write_record(
    request: Request,
    config: Config,
    folders: Folders,
    *,
    finished: bool,
    rendered: Path | None = None,
    ensemble: dict[str, Any] | None = None,
) -> None:
    """Record what is being built, for `publish` to compare, and the networks of all folds, for `predict`."""
    folders.work.mkdir(parents=True, exist_ok=True)
    record = {
        "finished": finished,
        "config_file": str(request.config_file.resolve()),
        "source": request.source,
        "settings": request.settings,
        "config": config.as_dict(),
        **({"site": site_files(rendered)} if rendered else {}),
        **({"ensemble": ensemble} if ensemble else {}),
    }
    write_json(folders.record, record)
