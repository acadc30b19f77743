"""Refuses unsafe folders before any work starts, and marks the work folder as this program's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.config.config import Config
from builder.errors import BuildError
from builder.files.lock import LOCK, locked
from builder.files.ownership import refuse_foreign
from builder.files.regular import read_json
from builder.folders import REPOSITORY, TRAINED, Folders

MARK = ".lesionlens"  # in a work folder: by it, a build knows the folder as one of its own
ABOUT_MARK = "A work folder of lesionlens: builds make, replace and delete what is in here.\n"
# Where the project itself lies; site/, work/ and new folders beside these are fine.
OWN_FOLDERS = (
    ".ci", ".git", ".github", ".venv", "benchmarks", "builder", "docs", "node_modules", "requirements",
    "tests", "web_template",
)  # fmt: skip
ANOTHER = "name another folder: one that is empty or not there yet"


def refuse_unsafe(config: Config | None, folders: Folders, *, replaces_site: bool = False) -> None:
    """Raise a BuildError unless a command may write to the work folder and, if it does that, replace the site.

    config: names the data to read, if there are any.
    """
    work, site = f"the --work folder {folders.work}", f"the --site folder {folders.site}"
    for said, folder in {work: folders.work, **({site: folders.site} if replaces_site else {})}.items():
        for source, data in _sources_in(config).items():
            _refuse_overlap(said, folder, f"the data in {source}", data)
        _refuse_place(said, folder)
    if replaces_site:
        _refuse_overlap(site, folders.site, work, folders.work)
        if _holds(folders.site, Path.cwd()):
            raise BuildError(f"{site}, which is to be replaced, is the one you are in", remedy="leave it first")
        refuse_foreign(folders.site)
    _refuse_foreign_work(folders.work)


def refuse_unsafe_results(into: Path, source: str, folders: Folders) -> None:
    """Raise a BuildError unless a command that reads `source`, if it reads any, may write its results to `into`."""
    said = f"the --out folder {into}"
    if source:
        _refuse_overlap(said, into, f"the data in {source}", _folder_of(source))
    _refuse_overlap(said, into, f"the --work folder {folders.work}", folders.work)
    _refuse_overlap(said, into, f"the --site folder {folders.site}", folders.site)
    if into != TRAINED:
        _refuse_place(said, into)


@contextmanager
def at_work(folders: Folders) -> Iterator[None]:
    """Hold the lock of the work folder, and mark the folder."""
    with locked(folders.work):
        mark = folders.work / MARK
        if not mark.exists():
            mark.write_text(ABOUT_MARK, encoding="utf-8")
        yield


def _sources_in(config: Config | None) -> dict[str, Path]:
    """The folder or file of each source of data."""
    sources = {config.data.source, config.data.test_source} - {"", "demo"} if config else set()
    return {source: _folder_of(source) for source in sorted(sources)}


def _folder_of(source: str) -> Path:
    """The folder or file of a source; for a table its folder, which holds the photos of its rows."""
    from builder.data.sources.photo_files import TABLE_SUFFIXES
    from builder.data.sources.recognise import path_of

    path = path_of(source)
    return path.parent if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES else path


def _refuse_overlap(said: str, folder: Path, what: str, other: Path) -> None:
    if _holds(folder, other) or _holds(other, folder):
        raise BuildError(f"{said} and {what} lie one in the other", remedy=ANOTHER)


def _refuse_place(said: str, folder: Path) -> None:
    for name in OWN_FOLDERS:
        if _holds(REPOSITORY / name, folder):
            raise BuildError(f"{said} lies in {name}/ of this program", remedy=ANOTHER)
    for what, where in {"this program": REPOSITORY, "your home folder": Path.home()}.items():
        if _holds(folder, where):
            raise BuildError(f"{said} holds {what}", remedy=ANOTHER)


def _refuse_foreign_work(work: Path) -> None:
    if work.exists() and not work.is_dir():
        raise BuildError(f"{work} is no folder", remedy="name another one with --work")
    names = sorted(path.name for path in work.iterdir()) if work.is_dir() else []
    if names not in ([], [LOCK]) and MARK not in names and not _is_record(work / "last_build.json"):
        raise BuildError(
            f"{work} holds {names[0]}, and is no work folder of this program",
            remedy="name one with --work that is empty or not there yet",
        )


def _is_record(file: Path) -> bool:
    """Whether an earlier version of this program, without the mark, wrote this record."""
    try:
        return {"finished", "config_file", "config"} <= set(read_json(file))
    except (OSError, ValueError, TypeError):
        return False


def _holds(outer: Path, inner: Path) -> bool:
    """Whether `inner` is `outer` or inside it, with all links followed."""
    inner = inner.resolve()
    if outer.exists():
        return any(parent.exists() and parent.samefile(outer) for parent in (inner, *inner.parents))
    return outer.resolve() in (inner, *inner.parents)
