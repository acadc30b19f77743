"""Puts the built site on the `gh-pages` branch, from which GitHub Pages serves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import ghp_import

from builder.errors import BuildError
from builder.twins import SUFFIX

BRANCH = "gh-pages"
REMOTE = "origin"


def publish_site(site: Path, repository: Path) -> None:
    """Commit the files of `site` to `gh-pages` and push it to `origin`; the checked-out branch is not touched."""
    _refuse_without_remote(repository)
    with tempfile.TemporaryDirectory() as folder:
        files = copy_without_twins(site, Path(folder))
        try:
            _import(Path(folder), repository)
        except (ghp_import.GhpError, subprocess.CalledProcessError) as error:
            raise BuildError(
                f"the site could not be put on {BRANCH} of {REMOTE}: {error}",
                remedy=f"check with git push {REMOTE} that you may push there, then run publish again",
            ) from None
    print(f"{files} files are on {BRANCH} of {REMOTE}. In the repository's settings, Pages must serve that branch.")


def copy_without_twins(site: Path, into: Path) -> int:
    """Copy the site, but for the twins, which only pages opened from disk need; returns how many files."""
    files = [file for file in sorted(site.rglob("*")) if file.is_file() and file.name != ".gitignore"]
    kept = [file for file in files if not (file.suffix == SUFFIX and file.with_suffix("").is_file())]
    for file in kept:
        target = into / file.relative_to(site)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return len(kept)


def _refuse_without_remote(repository: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise BuildError("git is not installed", remedy="install git, or upload the folder site/ by hand")
    found = subprocess.run([git, "remote", "get-url", REMOTE], cwd=repository, capture_output=True, check=False)
    if found.returncode:
        raise BuildError(
            f"{repository} is no git repository with a remote called {REMOTE}",
            remedy=f"add the repository on GitHub with git remote add {REMOTE} ADDRESS",
        )


def _import(folder: Path, repository: Path) -> None:
    # What others have published since is the parent of this commit; the first time there is none to fetch.
    subprocess.run(["git", "fetch", REMOTE, BRANCH], cwd=repository, capture_output=True, check=False)
    before = os.getcwd()
    os.chdir(repository)  # ghp-import works on the repository it stands in
    try:
        ghp_import.ghp_import(
            str(folder), mesg="Publish the site", branch=BRANCH, remote=REMOTE, push=True, nojekyll=True
        )
    finally:
        os.chdir(before)
