"""Puts a rendered site where the old one is."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.chain import DONE


def put_in_place(rendered: Path, site: Path) -> None:
    """Replace the site in one move, so that whoever looks sees the old one or the new one, never half of one."""
    if _listing(rendered) == _listing(site):
        return
    fresh, old = site.with_name(site.name + ".new"), site.with_name(site.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(rendered, fresh)
    (fresh / DONE).unlink()
    if (site / ".gitignore").exists():
        shutil.copy2(site / ".gitignore", fresh)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file; copying keeps both."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in (DONE, ".gitignore"):
            status = file.stat()
            found[file.relative_to(folder).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found
