"""Replaces the old site by a newly rendered one."""

from __future__ import annotations

from pathlib import Path

from builder.errors import BuildError
from builder.files.ownership import (
    KEPT,
    Files,
    changed_in,
    content_hash,
    copy_files,
    files_of,
    refuse_foreign,
    remove_leftovers,
    replacing,
)


def replace_site(rendered: Path, site: Path) -> None:
    """Replace the site in one step: a reader sees the old site or the new one, never a mixture."""
    refuse_foreign(site)
    wanted = files_of(rendered)
    if site_files(site) == wanted and not changed_in(site):
        remove_leftovers(site)
        return
    with replacing(site) as fresh:
        refuse_foreign(site)  # again: somebody may have waited for another build, or put something there
        copy_files((rendered / name for name in wanted), rendered, fresh)
        if damaged := [name for name, digest in wanted.items() if content_hash(fresh / name) != digest]:
            raise BuildError(f"{rendered / damaged[0]} is damaged", remedy=f"move {rendered} away and build again")


def site_files(site: Path) -> Files:
    """The site's files that a build made, each with a hash of its content."""
    return {name: digest for name, digest in files_of(site).items() if name != KEPT}
