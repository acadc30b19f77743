"""Publishes the built site on the `gh-pages` branch, which GitHub Pages serves."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from builder.errors import BuildError
from builder.export.disk_copies import SUFFIX
from builder.files.lock import locked_beside
from builder.files.ownership import DONE, changed_in, copy_files, files_listed, foreign_in
from builder.site.replace_site import site_files

BRANCH = "gh-pages"
REMOTE = "origin"
NO_JEKYLL = ".nojekyll"  # tells GitHub to serve the files as they are
MESSAGE = "Publish the site"
# A hook or an alias of git, in which this may run, names another repository by these variables.
OF_A_REPOSITORY = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
    "GIT_PREFIX",
)  # fmt: skip
# The bytes of the files, and all files, also in a sparse checkout.
AS_THEY_ARE = ("-c", "core.autocrlf=false", "-c", "core.sparseCheckout=false")
Git = Callable[..., str]  # called with arguments for git, and what it is to read as `given`; returns what it prints


def publish_site(site: Path, repository: Path) -> None:
    """Commit the files of `site` to `gh-pages` of `origin`, without changing the checkout or its local branches.

    Files on the branch that this program did not publish, such as the host's CNAME, stay.
    """
    _refuse_without_remote(repository)
    with tempfile.TemporaryDirectory() as folder:
        publics = Path(folder, "site")
        with locked_beside(site):
            left_out = foreign_in(site)
            files = copy_without_disk_copies(site, publics)
            shutil.copy(site / DONE, publics)
        (publics / NO_JEKYLL).touch()
        _push(_git_in(repository, publics, Path(folder, "index")))
    if left_out:
        print(f"Left out, as no build has made it: {', '.join(left_out)}")
    print(f"{files} files are on {BRANCH} of {REMOTE}. In the repository's settings, Pages must serve that branch.")


def copy_without_disk_copies(site: Path, into: Path) -> int:
    """Copy the built files of the site, except the disk copies, which are for pages opened from disk.

    Returns the number of files. Raises a BuildError if a file has changed since the build.
    """
    made = site_files(site)
    if changed := changed_in(site):
        raise BuildError(
            f"{site / changed[0]} is not as the build has left it",
            remedy="run python build.py, with the same options as before, and publish then",
        )
    if not made:
        raise BuildError(f"no build has made {site}", remedy="run python build.py first")
    kept = [name for name in made if not (name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in made)]
    copy_files((site / name for name in kept), site, into)
    return len(kept)


def _refuse_without_remote(repository: Path) -> None:
    if shutil.which("git") is None:
        raise BuildError("git is not installed", remedy="install git, or upload the folder site/ by hand")
    if REMOTE not in _run(["remote"], repository, {}).splitlines():
        raise BuildError(
            f"the git repository of {repository} has no remote called {REMOTE}",
            remedy=f"add the repository on GitHub with git remote add {REMOTE} ADDRESS",
        )


def _push(git: Git) -> None:
    """Commit the files on top of the branch's current state; git refuses the push if the branch has changed since."""
    found = git("ls-remote", REMOTE, f"refs/heads/{BRANCH}").split()
    before = found[:1]
    if before:
        git("fetch", "--quiet", "--no-tags", REMOTE, f"refs/heads/{BRANCH}")
    git("read-tree", *(before or ["--empty"]))
    if before and git("ls-files", DONE):
        published = files_listed(git("show", f":{DONE}"))
        git("update-index", "-z", "--force-remove", "--stdin", given="".join(f"{name}\0" for name in published))
    git("add", "--force", "--ignore-removal", ".")
    parents = [argument for commit in before for argument in ("-p", commit)]
    commit = git("commit-tree", git("write-tree").strip(), *parents, "-m", MESSAGE).strip()
    git("push", "--quiet", REMOTE, f"{commit}:refs/heads/{BRANCH}")


def _git_in(repository: Path, files: Path, index: Path) -> Git:
    """Git with its own index, and with `files` as its working tree."""
    found = _run(["rev-parse", "--absolute-git-dir"], repository, {})
    places = {"GIT_DIR": found.strip(), "GIT_WORK_TREE": str(files), "GIT_INDEX_FILE": str(index)}
    return lambda *arguments, given="": _run(arguments, files, places, given)


def _run(arguments: Sequence[str], folder: Path, places: dict[str, str], given: str = "") -> str:
    env = {name: value for name, value in os.environ.items() if name not in OF_A_REPOSITORY}
    done = subprocess.run(
        ["git", *AS_THEY_ARE, *arguments], cwd=folder, env={**env, **places}, input=given,
        capture_output=True, check=False, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip() and not line.startswith("hint:")]
        raise BuildError(
            f"the site could not be put on {BRANCH} of {REMOTE}: git {arguments[0]} says: {' '.join(said)}",
            remedy="mend what git says, then run python build.py publish again",
        )
    return done.stdout
