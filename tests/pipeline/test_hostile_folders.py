"""Folders that a command must not write to are refused in two lines, before any work, with nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli import main
from builder.files.ownership import replacing
from builder.pipeline.safe_folders import MARK, OWN_FOLDERS
from tests.conftest import REPOSITORY, run_build_py

Contents = dict[str, bytes | str]


def contents(folder: Path) -> Contents:
    """Every file, folder and link, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder: documents, photos, what earlier builds have made, and what looks as if."""
    home = tmp_path / "home"
    for name in ("Documents/thesis.odt", "Documents/.git/config", "photos/mel/a.png", "photos/nv/b.png", "notes.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    for name in ("empty", "only folders/empty"):
        (home / name).mkdir(parents=True)
    (home / "table").mkdir()
    (home / "table" / "HAM10000.csv").write_text("lesion_id,image_id,dx\n")
    (home / "link").symlink_to("empty")
    (home / "link to documents").symlink_to("Documents")
    (home / "link to nothing").symlink_to("nothing")
    (home / "circle").symlink_to("circle")
    for site in ("site", "site with more", "site with a link", "site with a folder"):
        with replacing(home / site) as fresh:
            (fresh / "js").mkdir()
            (fresh / "index.html").write_text("a page")
            (fresh / "js" / "app.js").write_text("a script")
    (home / "site with more" / "js" / ".env").write_text("a secret")
    (home / "site with a link" / "photos").symlink_to(home / "photos")
    (home / "site with a folder" / "new").mkdir()
    (home / "site of an older version").mkdir()
    (home / "site of an older version" / "index.html").write_text("a page")
    (home / "work" / "train").mkdir(parents=True)
    (home / "work" / MARK).write_text("")
    (home / "work" / "photos" / "mel").mkdir(parents=True)
    for page in ("survey", "comparison"):
        (home / "work" / page).mkdir()
        (home / "work" / page / "thesis.odt").write_text("a thesis")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home / "empty")
    return home


REPOSITORYS = str(REPOSITORY)
HOSTILE = {
    # What is somebody's.
    "a site in a full folder": "--site ~/Documents",
    "a site in a folder of photos": "--site ~/photos",
    "a site by a way round": "--site ~/empty/../Documents",
    "a site in a folder of empty folders": "--site ~/only+folders",
    "a site that is a file": "--site ~/notes.txt",
    "a site that is a link": "--site ~/link",
    "a site that is a link with a slash": "--site ~/link/",
    "a site that is a link to documents": "--site ~/link+to+documents",
    "a site that is a broken link": "--site ~/link+to+nothing",
    "a site that is a link to itself": "--site ~/circle",
    "a site in a link to itself": "--site ~/circle/site",
    "work in a link to itself": "--work ~/circle",
    "a search in a link to itself": "--work ~/circle search",
    "publishing from a link to itself": "--site ~/circle publish",
    "publishing with work in a link to itself": "--work ~/circle publish",
    "an ensemble in a link to itself": "--work ~/circle predict --ensemble ~/photos/mel/a.png",
    "a site with a file more": "--site ~/site+with+more",
    "a site with a link more": "--site ~/site+with+a+link",
    "a site with a folder more": "--site ~/site+with+a+folder",
    "a site of an older version": "--site ~/site+of+an+older+version",
    "work in a full folder": "--work ~/Documents",
    "work in a file": "--work ~/notes.txt",
    "work in a link to documents": "--work ~/link+to+documents",
    "a search in a full folder": "--work ~/Documents search",
    "data in a full folder": "--work ~/Documents data demo",
    "data where a survey of somebody's is": "--work ~/work data demo",
    "a comparison in a full folder": "--work ~/Documents compare ~/site ~/site",
    "a comparison where one of somebody's is": "--work ~/work compare ~/site ~/site",
    "a leaderboard in a full folder": "--work ~/new leaderboard --without-times --site ~/Documents",
    # Folders that hold one another.
    "a site in the work folder": "--site ~/work/train --work ~/work",
    "a site that is the work folder": "--site ~/new --work ~/new",
    "work in the site": "--site ~/new --work ~/new/work",
    "work in the site of before": "--site ~/site --work ~/site/work",
    "a site in the work folder by a link": "--site ~/link/site --work ~/empty",
    "a site that is the data": "--site ~/empty/photos --data ~/empty/photos",
    "a site in the data": "--site ~/photos/site --data ~/photos",
    "a site that holds the data": "--site ~/new --data ~/new/photos",
    "a site beside the table of the data": "--site ~/table/site --data ~/table/HAM10000.csv",
    "a site in the test data": "--site ~/photos/site --test-data ~/photos",
    "work that is the data": "--work ~/empty --data ~/empty",
    "work in the data": "--work ~/photos/work --data ~/photos",
    "work that holds the data": "--work ~/work --data ~/work/photos",
    "work in the test data": "--work ~/photos/work --test-data ~/photos",
    "data looked at from within": "--work ~/photos/work data ~/photos",
    # What holds a person or this program.
    "a site in the home folder": "--site ~",
    "a site at the root": "--site /",
    "a site where one stands": "--site .",
    "a site above where one stands": "--site ..",
    "work in the home folder": "--work ~",
    "work at the root": "--work /",
    "a site in the place of this program": f"--site {REPOSITORYS}",
    "a site above this program": f"--site {REPOSITORYS}/..",
    "work in the place of this program": f"--work {REPOSITORYS}",
    "work in the sources": f"--work {REPOSITORYS}/builder",
    "a search in the sources": f"--work {REPOSITORYS}/builder/new search",
    **{f"a site in {name}": f"--site {REPOSITORYS}/{name}" for name in OWN_FOLDERS},
    **{f"a new site in {name}": f"--site {REPOSITORYS}/{name}/new" for name in OWN_FOLDERS},
}  # fmt: skip


def arguments_of(case: str, home: Path) -> list[str]:
    words = [word.replace("+", " ").replace("~", str(home)) for word in case.split()]
    given = [] if "--work" in words else ["--work", str(home / "new work")]
    return [*given, *([] if "--site" in words else ["--site", str(home / "new site")]), *words]


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_it_is_refused_and_nothing_has_changed(case: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, repository = contents(home), sorted(path.name for path in REPOSITORY.iterdir())
    assert main(arguments_of(case, home)) == 1
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 2, said
    assert contents(home) == before
    assert sorted(path.name for path in REPOSITORY.iterdir()) == repository


@pytest.mark.parametrize(
    "arguments",
    [["--site", "Documents"], ["--site", "site with more"], ["--work", "work", "data", "demo"]],
    ids=" ".join,
)
def test_the_command_itself_refuses_too(arguments: list[str], home: Path) -> None:
    before = contents(home)
    refused = run_build_py(*arguments, cwd=home)
    assert refused.returncode == 1 and refused.stdout == "" and len(refused.stderr.splitlines()) == 2, refused.stderr
    assert contents(home) == before


def test_every_folder_of_the_project_but_the_site_is_kept_from_builds(git_folders: list[str]) -> None:
    assert sorted({*git_folders, ".git", ".venv", "node_modules"} - {"site"}) == sorted(OWN_FOLDERS)


@pytest.fixture
def git_folders() -> list[str]:
    return [path.name for path in REPOSITORY.iterdir() if path.is_dir() and path.name not in ("work", *CACHES)]


CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__")
