"""Puts a rendered site where the old one is."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.errors import BuildError
from builder.ownership import KEPT, Files, changed_in, content_hash, files_of, refuse_foreign, replacing


def put_in_place(rendered: Path, site: Path) -> None:
    """Replace the site in one move, so that whoever looks sees the old one or the new one, never half of one."""
    refuse_foreign(site)
    wanted = files_of(rendered)
    if site_files(site) == wanted and not changed_in(site):
        return
    with replacing(site) as fresh:
        refuse_foreign(site)  # again: somebody may have waited for another build, or put something there
        for name, digest in wanted.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(rendered / name, fresh / name)
            if content_hash(fresh / name) != digest:
                raise BuildError(f"{rendered / name} is damaged", remedy=f"move {rendered} away and build again")


def site_files(site: Path) -> Files:
    """The files that a build has put into the site, each with a hash of its content."""
    return {name: digest for name, digest in files_of(site).items() if name != KEPT}
