"""Publishing: only files that the web needs, on a branch of their own, and only of a site that is up to date."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest

from builder.cli import main
from builder.errors import BuildError
from builder.files.lock import LOCK
from builder.files.ownership import replacing
from builder.files.regular import open_file
from builder.folders import Folders
from builder.pipeline.build import build_site
from builder.pipeline.record import refuse_if_outdated, write_record
from builder.pipeline.request import Request
from builder.pipeline.safe_folders import MARK, at_work
from builder.site.publish import publish_site
from builder.site.replace_site import replace_site

CONFIG = Path(__file__).parents[2] / "config.toml"


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
    folder.mkdir()
    (folder / ".gitignore").write_text("*")
    names = ("index.html", "js/app.js", "model/cnn/model.json", "model/cnn/model.json.js")
    replace_site(rendered(tmp_path, {name: name for name in names}), folder)
    return folder


def rendered(tmp_path: Path, files: dict[str, str]) -> Path:
    """A folder as the render stage leaves it."""
    with replacing(tmp_path / "rendered") as fresh:
        for name, text in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_text(text)
    return tmp_path / "rendered"


def published(repository: Path) -> list[str]:
    bare = repository.parent / "remote.git"
    return git("ls-tree", "-r", "--name-only", "gh-pages", cwd=bare).split()


def test_the_site_arrives_without_the_twins(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    assert published(repository) == [".nojekyll", "done.json", "index.html", "js/app.js", "model/cnn/model.json"]


def test_publishing_again_replaces_the_site_and_keeps_its_history(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    names = ("model/cnn/model.json", "model/cnn/model.json.js")
    replace_site(rendered(site.parent, {"index.html": "newer", **{name: name for name in names}}), site)
    publish_site(site, repository)
    assert published(repository) == [".nojekyll", "done.json", "index.html", "model/cnn/model.json"]
    bare = repository.parent / "remote.git"
    assert git("show", "gh-pages:index.html", cwd=bare) == "newer"
    assert git("rev-list", "--count", "gh-pages", cwd=bare).strip() == "2"


def commit_to_the_branch(repository: Path, name: str, text: str) -> None:
    """What a host or another person does: one more file on the published branch, from elsewhere."""
    elsewhere = repository.parent / f"elsewhere {name}"
    git("clone", "--branch", "gh-pages", str(repository.parent / "remote.git"), str(elsewhere), cwd=repository.parent)
    (elsewhere / name).parent.mkdir(exist_ok=True)
    (elsewhere / name).write_text(text)
    git("add", "-A", cwd=elsewhere)
    git("commit", "-m", f"Create {name}", cwd=elsewhere)
    git("push", "origin", "gh-pages", cwd=elsewhere)


@pytest.mark.parametrize("name", ["CNAME", ".well-known/security.txt", "google123.html"])
def test_what_others_put_on_the_branch_stays(repository: Path, site: Path, name: str) -> None:
    publish_site(site, repository)
    commit_to_the_branch(repository, name, "theirs")
    replace_site(rendered(site.parent, {"index.html": "newer"}), site)
    publish_site(site, repository)
    assert published(repository) == sorted([".nojekyll", "done.json", "index.html", name])
    bare = repository.parent / "remote.git"
    assert git("show", f"gh-pages:{name}", cwd=bare) == "theirs"
    assert git("rev-list", "--count", "gh-pages", cwd=bare).strip() == "3"


def test_a_branch_of_the_checkout_with_work_that_was_not_pushed_stays_as_it_is(repository: Path, site: Path) -> None:
    git("branch", "gh-pages", cwd=repository)
    before = git("rev-parse", "gh-pages", cwd=repository)
    publish_site(site, repository)
    assert git("rev-parse", "gh-pages", cwd=repository) == before


@pytest.mark.parametrize("name", [".env", "CNAME", "js/notes.txt", "thesis/chapter.tex"])
def test_what_no_build_has_made_is_not_published(repository: Path, site: Path, name: str, capfd) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("a secret")
    publish_site(site, repository)
    assert published(repository) == [".nojekyll", "done.json", "index.html", "js/app.js", "model/cnn/model.json"]
    assert name in capfd.readouterr().out
    assert (site / name).read_text() == "a secret"


def test_a_folder_that_no_build_has_made_is_not_published(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("somebody's")
    with pytest.raises(BuildError, match="no build has made"):
        publish_site(tmp_path / "other", repository)


def test_a_file_that_is_not_as_the_build_left_it_is_not_published(repository: Path, site: Path) -> None:
    (site / "index.html").write_text("ind")
    with pytest.raises(BuildError, match=r"index\.html is not as the build has left it"):
        publish_site(site, repository)


def test_the_checkout_is_left_as_it_was(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    assert git("status", "--porcelain", cwd=repository) == ""
    assert git("branch", "--show-current", cwd=repository).strip() == "main"


def test_without_a_remote_the_remedy_is_named(repository: Path, site: Path) -> None:
    git("remote", "remove", "origin", cwd=repository)
    with pytest.raises(BuildError, match="no remote called origin") as caught:
        publish_site(site, repository)
    assert "git remote add origin" in caught.value.remedy


def test_a_push_that_fails_is_a_problem_to_mend(repository: Path, site: Path) -> None:
    git("remote", "set-url", "origin", str(repository.parent / "gone.git"), cwd=repository)
    with pytest.raises(BuildError, match=r"could not be put on gh-pages.*does not appear to be a git repository"):
        publish_site(site, repository)


def test_what_others_push_at_the_same_moment_is_not_pushed_over(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    elsewhere = repository.parent / "elsewhere"
    git("clone", "--branch", "gh-pages", str(repository.parent / "remote.git"), str(elsewhere), cwd=repository.parent)
    git("commit", "--allow-empty", "-m", "theirs", cwd=elsewhere)
    hook = repository / ".git" / "hooks" / "pre-push"  # git runs it between the look at the remote and the push
    hook.write_text(f"#!/bin/sh\nunset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE\ncd '{elsewhere}' && git push -q\n")
    hook.chmod(0o755)
    replace_site(rendered(site.parent, {"index.html": "newer"}), site)
    with pytest.raises(BuildError, match="could not be put on gh-pages"):
        publish_site(site, repository)
    bare = repository.parent / "remote.git"
    assert git("log", "-1", "--format=%s", "gh-pages", cwd=bare).strip() == "theirs"
    hook.unlink()
    publish_site(site, repository)
    assert git("log", "--format=%s", "gh-pages", cwd=bare).split("\n")[:2] == ["Publish the site", "theirs"]


def test_what_git_says_against_a_push_is_passed_on(repository: Path, site: Path) -> None:
    publish_site(site, repository)
    hook = repository.parent / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho only on Tuesdays >&2\nexit 1\n")
    hook.chmod(0o755)
    replace_site(rendered(site.parent, {"index.html": "newer"}), site)
    with pytest.raises(BuildError, match="only on Tuesdays"):
        publish_site(site, repository)
    assert git("rev-list", "--count", "gh-pages", cwd=repository.parent / "remote.git").strip() == "1"


@pytest.mark.parametrize("words", [["publish"], [], ["data", "demo"]], ids=" ".join)
def test_work_of_another_user_is_said_to_be_that(
    words: list[str], built: tuple[Request, Folders], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _, folders = built
    (folders.work / MARK).touch()
    denied = PermissionError(errno.EACCES, "Permission denied", str(folders.record))

    def refuse(*_: object, **__: object) -> NoReturn:
        raise denied

    def open_others(path: Path, most_bytes: int) -> BinaryIO:
        return refuse() if folders.work in Path(path).parents else open_file(path, most_bytes)

    monkeypatch.setattr("builder.files.regular.open_file", open_others)
    monkeypatch.setattr("builder.files.lock.FileLock.acquire", refuse)
    assert main(["--work", str(folders.work), "--site", str(folders.site), *words]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("last_build.json: Permission denied") and "right to read and write" in second


def test_a_work_folder_may_be_moved(built: tuple[Request, Folders]) -> None:
    _, folders = built
    moved = folders.work.rename(folders.work.with_name("moved"))
    refuse_if_outdated(Folders(moved, folders.site))


def test_a_lock_that_a_dead_build_has_left_stops_nobody(built: tuple[Request, Folders], capfd) -> None:
    _, folders = built
    (folders.work / LOCK).write_text("4242")
    with at_work(folders):
        assert capfd.readouterr().out == ""


# The checkout and the remote as people have them


def shallow(repository: Path, name: str, *options: str) -> Path:
    """Another clone of the remote; its address is one, as git takes a path for a whole clone."""
    git("push", "origin", "main", cwd=repository)
    clone = repository.parent / name
    git("clone", *options, (repository.parent / "remote.git").as_uri(), str(clone), cwd=repository.parent)
    return clone


@pytest.mark.parametrize("options", [
    ["--depth=1"], ["--single-branch", "--branch=main"], ["--depth=1", "--single-branch", "--no-tags"], ["--bare"],
    ["--filter=blob:none"], ["--no-checkout"], ["--sparse"], ["--depth=1", "--filter=tree:0"],
], ids=" ".join)  # fmt: skip
def test_every_kind_of_clone_publishes_and_keeps_what_is_there(
    options: list[str], repository: Path, site: Path
) -> None:
    for name in ("allowFilter", "allowAnySHA1InWant"):
        git("config", f"uploadpack.{name}", "true", cwd=repository.parent / "remote.git")
    publish_site(site, repository)
    commit_to_the_branch(repository, "CNAME", "example.org")
    replace_site(rendered(site.parent, {"index.html": "newer"}), site)
    publish_site(site, shallow(repository, "clone", *options))
    bare = repository.parent / "remote.git"
    assert published(repository) == [".nojekyll", "CNAME", "done.json", "index.html"]
    assert git("show", "gh-pages:index.html", cwd=bare) == "newer"
    assert git("rev-list", "--count", "gh-pages", cwd=bare).strip() == "3"


def detach(repository: Path) -> Path:
    git("checkout", "--detach", cwd=repository)
    return repository


def without_a_commit(repository: Path) -> Path:
    git("checkout", "--orphan", "empty", cwd=repository)
    return repository


def worktree(repository: Path) -> Path:
    git("worktree", "add", str(repository.parent / "beside"), cwd=repository)
    return repository.parent / "beside"


def in_the_middle_of_a_merge(repository: Path) -> Path:
    (repository / ".git" / "MERGE_HEAD").write_text(git("rev-parse", "HEAD", cwd=repository))
    (repository / ".git" / "index.lock").touch()  # another git is at work there
    return repository


def on_the_published_branch(repository: Path) -> Path:
    git("checkout", "-b", "gh-pages", cwd=repository)
    return repository


@pytest.mark.parametrize(
    "state", [detach, without_a_commit, worktree, in_the_middle_of_a_merge, on_the_published_branch]
)
def test_the_state_of_the_checkout_does_not_matter(state: Callable[[Path], Path], repository: Path, site: Path) -> None:
    publish_site(site, state(repository))
    assert "index.html" in published(repository)


def test_run_from_a_hook_of_another_repository_it_is_this_one_that_is_published_from(
    repository: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", str(tmp_path / "another"), cwd=tmp_path)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "another" / ".git" / "index"))
    publish_site(site, repository)
    monkeypatch.undo()
    assert "index.html" in published(repository)


def of_another_user(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")


def without_identity(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    for name in ("name", "email"):
        git("config", "--unset", f"user.{name}", cwd=repository)
    git("config", "user.useConfigOnly", "true", cwd=repository)
    for kind in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"GIT_CONFIG_{kind}", os.devnull)


def refuse_pushes(repository: Path, words: str) -> None:
    hook = repository.parent / "remote.git" / "hooks" / "update"
    hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    hook.chmod(0o755)


def without_the_right(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_pushes(repository, "Permission to a/b denied to c.")


def protected(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_pushes(repository, "GH006: Protected branch update failed for refs/heads/gh-pages.")


def no_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / ".git").rename(repository.parent / "moved")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.parent))


def damaged(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / ".git" / "config").write_text("[core\n")


def unknown_protocol(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("remote", "set-url", "origin", "nonsense://example.org/a", cwd=repository)


@pytest.mark.parametrize(("state", "words"), [
    (of_another_user, "detected dubious ownership"), (of_another_user, "safe.directory"),
    (without_identity, "git commit-tree says: .*tell me who you are"),
    (without_the_right, "Permission to a/b denied"), (protected, "GH006: Protected branch"),
    (no_repository, "not a git repository"), (damaged, "bad config line 1"), (unknown_protocol, "nonsense"),
])  # fmt: skip
def test_git_says_in_its_own_words_what_is_wrong(
    state: Callable[[Path, pytest.MonkeyPatch], None], words: str, repository: Path, site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("LC_ALL", "C")
    state(repository, monkeypatch)
    with pytest.raises(BuildError, match=words) as refused:
        publish_site(site, repository)
    assert refused.value.remedy.startswith("mend what git says")


def test_without_git_the_folder_is_named(repository: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(BuildError, match="git is not installed") as refused:
        publish_site(site, repository)
    assert "upload the folder site/ by hand" in refused.value.remedy


def test_another_projects_pages_on_the_branch_stay_but_for_what_has_our_names(repository: Path, site: Path) -> None:
    git("checkout", "-b", "gh-pages", cwd=repository)
    for name in ("CNAME", "index.html", "_config.yml", "README.md"):
        (repository / name).write_text("theirs")
    git("add", "-A", cwd=repository)
    git("commit", "-m", "theirs", cwd=repository)
    git("push", "origin", "gh-pages", cwd=repository)
    publish_site(site, repository)
    bare = repository.parent / "remote.git"
    assert {"CNAME", "_config.yml", "README.md", ".nojekyll", "js/app.js"} <= set(published(repository))
    assert git("show", "gh-pages:CNAME", cwd=bare) == "theirs"
    assert git("show", "gh-pages:index.html", cwd=bare) == "index.html"


@pytest.fixture
def built(tmp_path: Path, site: Path) -> tuple[Request, Folders]:
    """A build that has finished, with a config of its own."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    request, folders = Request(config), Folders(tmp_path / "work", site)
    write_record(request, request.config(), folders, rendered=tmp_path / "rendered")
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


def test_a_site_whose_build_an_earlier_version_did_not_finish_is_refused(built: tuple[Request, Folders]) -> None:
    _, folders = built
    record = json.loads(folders.record.read_text(encoding="utf-8"))
    folders.record.write_text(json.dumps({**record, "finished": False}), encoding="utf-8")
    with pytest.raises(BuildError, match="did not finish"):
        refuse_if_outdated(folders)


REFUSED = {
    "data that are not there": ["--data", "no-such-folder"],
    "data of no known kind": ["--data", "empty"],
    "data with too few classes": ["--data", "classes"],
    "test data that are not there": ["--test-data", "no-such-folder"],
    "a setting that there is not": ["--set", "training.epoch=3"],
    "a setting that cannot be": ["--set", "split.test=7"],
    "a network that there is not": ["--set", "site.networks=resnet"],
    "photos that are too few": ["--set", "demo.photos=1"],
    "a config that is not there": ["--config", "no-such.toml"],
    "a config that cannot be read": ["--config", "broken.toml"],
    "a leaderboard of one network": ["leaderboard", "--without-times", "--networks", "compact"],
    "a leaderboard of no network": ["leaderboard", "--without-times", "--networks", "resnet,compact"],
    "a search of data that are not there": ["search", "--data", "no-such-folder"],
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED.keys())
def test_a_build_that_is_refused_leaves_the_last_site_publishable(
    arguments: list[str], built: tuple[Request, Folders], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _, folders = built
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "classes" / "mel").mkdir(parents=True)
    (tmp_path / "broken.toml").write_text("[training\n")
    before = folders.record.read_bytes()
    assert main(["--work", str(folders.work), "--site", str(folders.site), *arguments]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert folders.record.read_bytes() == before
    refuse_if_outdated(folders)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")], ids=repr)
def test_a_build_that_is_cut_leaves_the_last_site_publishable(
    end: BaseException, built: tuple[Request, Folders], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> Path:
        raise end

    request, folders = built
    monkeypatch.setattr("builder.pipeline.build.gather", cut)
    with pytest.raises(type(end)):
        build_site(request, folders)
    refuse_if_outdated(folders)


def test_a_site_of_another_build_is_refused(built: tuple[Request, Folders], tmp_path: Path) -> None:
    replace_site(rendered(tmp_path, {"index.html": "another build's"}), built[1].site)
    with pytest.raises(BuildError, match=r"is not what the last build in .* has made"):
        refuse_if_outdated(built[1])


def test_a_site_that_was_never_built_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no built site"):
        refuse_if_outdated(Folders(tmp_path / "work", tmp_path / "site"))


def test_the_record_names_no_more_than_it_needs(built: tuple[Request, Folders]) -> None:
    record = json.loads(built[1].record.read_text(encoding="utf-8"))
    assert sorted(record) == ["config", "config_file", "finished", "settings", "site", "source"]
