"""Publishing: only files that the web needs, on a branch of their own, and only of a site that is up to date."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.pipeline.record import refuse_if_outdated, write_record
from builder.pipeline.request import Folders, Request
from builder.publish import publish_site

CONFIG = Path(__file__).parent.parent / "config.toml"


def git(*arguments: str, cwd: Path) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit whose remote is a bare repository beside it."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    bare, checkout = tmp_path / "remote.git", tmp_path / "checkout"
    git("init", "--bare", "--initial-branch=main", str(bare), cwd=tmp_path)
    git("init", "--initial-branch=main", str(checkout), cwd=tmp_path)
    git("config", "user.name", "Test", cwd=checkout)
    git("config", "user.email", "test@example.org", cwd=checkout)
    (checkout / "README.md").write_text("a project\n")
    git("add", "-A", cwd=checkout)
    git("commit", "-m", "first", cwd=checkout)
    git("remote", "add", "origin", str(bare), cwd=checkout)
    return checkout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "model" / "cnn").mkdir(parents=True)
    (folder / "js").mkdir()
    for name in ("index.html", "js/app.js", "model/cnn/model.json", "model/cnn/model.json.js", ".gitignore"):
        (folder / name).write_text(name)
    return folder


def published(repository: Path) -> list[str]:
    bare = repository.parent / "remote.git"
    return git("ls-tree", "-r", "--name-only", "gh-pages", cwd=bare).split()


def test_the_site_arrives_without_the_twins(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    assert published(repository) == [".nojekyll", "index.html", "js/app.js", "model/cnn/model.json"]


def test_publishing_again_replaces_the_site_and_keeps_its_history(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    (site / "js" / "app.js").unlink()
    (site / "index.html").write_text("newer")
    publish_site(site, repository)
    assert published(repository) == [".nojekyll", "index.html", "model/cnn/model.json"]
    bare = repository.parent / "remote.git"
    assert git("show", "gh-pages:index.html", cwd=bare) == "newer"
    assert git("rev-list", "--count", "gh-pages", cwd=bare).strip() == "2"


def test_the_checkout_is_left_as_it_was(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    assert git("status", "--porcelain", cwd=repository) == ""
    assert git("branch", "--show-current", cwd=repository).strip() == "main"


def test_without_a_remote_the_remedy_is_named(repository: Path, site: Path) -> None:
    git("remote", "remove", "origin", cwd=repository)
    with pytest.raises(BuildError, match="no git repository with a remote") as caught:
        publish_site(site, repository)
    assert "git remote add origin" in caught.value.remedy


def test_a_push_that_fails_is_a_problem_to_mend(repository: Path, site: Path) -> None:
    git("remote", "set-url", "origin", str(repository.parent / "gone.git"), cwd=repository)
    with pytest.raises(BuildError, match="could not be put on gh-pages"):
        publish_site(site, repository)


@pytest.fixture
def built(tmp_path: Path, site: Path) -> tuple[Request, Folders]:
    """A build that has finished, with a config of its own."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    request, folders = Request(config), Folders(tmp_path / "work", site)
    write_record(request, request.config(), folders, finished=True)
    refuse_if_outdated(folders)
    return request, folders


def test_a_site_older_than_its_config_is_refused(built: tuple[Request, Folders]) -> None:
    request, folders = built
    text = request.config_file.read_text(encoding="utf-8")
    request.config_file.write_text(text + "# a comment changes nothing\n", encoding="utf-8")
    refuse_if_outdated(folders)
    request.config_file.write_text(text.replace("batch_photos = 10", "batch_photos = 11"), encoding="utf-8")
    with pytest.raises(BuildError, match=r"older than config\.toml"):
        refuse_if_outdated(folders)


def test_a_site_whose_build_did_not_finish_is_refused(built: tuple[Request, Folders]) -> None:
    request, folders = built
    write_record(request, request.config(), folders, finished=False)
    with pytest.raises(BuildError, match="did not finish"):
        refuse_if_outdated(folders)


def test_a_site_that_was_never_built_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no built site"):
        refuse_if_outdated(Folders(tmp_path / "work", tmp_path / "site"))


def test_the_record_names_no_more_than_it_needs(built: tuple[Request, Folders]) -> None:
    record = json.loads(built[1].record.read_text(encoding="utf-8"))
    assert sorted(record) == ["config", "config_file", "finished", "settings", "source"]
