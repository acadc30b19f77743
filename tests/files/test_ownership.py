"""Nothing is deleted or replaced but what this program can prove it made, whatever happens in between."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.files.ownership import content_hash, files_of, refuse_foreign, replacing, restore
from builder.site.replace_site import replace_site
from tests.conftest import REPOSITORY

DELETING = {
    "rmtree", "unlink", "rmdir", "removedirs", "rename", "renames", "move",
    "copytree",  # stops half-way with an error of its own where a disk is full
}  # fmt: skip
# Swaps for ever, as two builds by turns would.
SWAPPING = """
import sys
from pathlib import Path
from builder.site.replace_site import replace_site
site, *rendered = map(Path, sys.argv[1:])
print("ready", flush=True)
for turn in range(int(rendered.pop().name)):
    replace_site(rendered[turn % len(rendered)], site)
"""
# The same on a system that cannot let two folders change places in one step.
WITHOUT_SWAP = "import builder.files.ownership\nbuilder.files.ownership.swap_folders = lambda *_: False\n" + SWAPPING


def write(folder: Path, content: str, files: int = 12) -> Path:
    """A folder as the render stage leaves it."""
    with replacing(folder) as fresh:
        (fresh / "model").mkdir()
        (fresh / "index.html").write_text(content)
        for number in range(files):
            (fresh / "model" / f"{number}.bin").write_text(f"{content} {number}" * 1000)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in a folder of its own, put in place once."""
    (tmp_path / "web").mkdir()
    replace_site(write(tmp_path / "old", "old"), tmp_path / "web" / "site")
    return tmp_path / "web" / "site"


def in_site(site: Path) -> dict[str, str]:
    names = [file.relative_to(site).as_posix() for file in sorted(site.rglob("*")) if file.is_file()]
    return {name: content_hash(site / name) for name in names if name != "done.json"}


def beside(site: Path) -> list[str]:
    return sorted(path.name for path in site.parent.iterdir())


def swapping(*folders: Path, times: int, script: str = SWAPPING) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, folders), str(times)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def calls_that_delete(file: Path) -> list[str]:
    called = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            is_of_os = isinstance(node.func.value, ast.Name) and node.func.value.id in ("os", "shutil")
            if name in DELETING or (name == "replace" and (len(node.args) == 1 or is_of_os)) or (
                name == "remove" and is_of_os
            ):  # fmt: skip
                called.append(name)
    return called


def test_deleting_and_replacing_stand_in_one_module() -> None:
    files = [REPOSITORY / "build.py", *sorted((REPOSITORY / "builder").rglob("*.py"))]
    found = {file.relative_to(REPOSITORY).as_posix(): calls_that_delete(file) for file in files}
    assert found.pop("builder/files/ownership.py")
    assert found.pop("build.py") == ["rmtree"]  # of its own .venv, before there is anything to import
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_neighbours_of_the_site_stay(site: Path, tmp_path: Path) -> None:
    for name in ("site.old", "site.new", "site.bak", ".site-0123456789abcdef", "site-changed-0123456789abcdef"):
        (site.parent / name).mkdir()
        (site.parent / name / "thesis.odt").write_text("a thesis")
    before = beside(site)
    replace_site(write(tmp_path / "new", "new"), site)
    assert beside(site) == before
    assert all((site.parent / name / "thesis.odt").exists() for name in before if name != "site")


@pytest.mark.parametrize("name", ["index.html", "model/3.bin"])
@pytest.mark.parametrize("change", ["cut", "missing", "other"])
def test_a_damaged_site_is_put_right_and_what_was_changed_is_kept(
    site: Path, tmp_path: Path, name: str, change: str
) -> None:
    whole = in_site(site)
    content = {"cut": (site / name).read_text()[:1], "other": "edited by hand", "missing": None}[change]
    if content is None:
        (site / name).unlink()
    else:
        (site / name).write_text(content)
    replace_site(tmp_path / "old", site)
    assert in_site(site) == whole
    kept = [folder for folder in site.parent.iterdir() if folder != site]
    assert [(folder / name).read_text() for folder in kept] == ([] if content is None else [content])


def test_a_whole_site_is_not_touched(site: Path, tmp_path: Path) -> None:
    before = site.stat().st_ino
    replace_site(tmp_path / "old", site)
    assert site.stat().st_ino == before


def test_what_is_put_into_a_folder_while_its_successor_is_made_is_kept(site: Path) -> None:
    with replacing(site) as fresh:
        (fresh / "index.html").write_text("new")
        (site / "thesis.odt").write_text("a thesis")
    [kept] = [folder for folder in site.parent.iterdir() if folder != site]
    assert (kept / "thesis.odt").read_text() == "a thesis" and not (kept / "index.html").exists()


def test_the_gitignore_of_a_folder_stays_in_it(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / ".gitignore").write_text("*\n")
    for content in ("first", "second"):
        replace_site(write(tmp_path / content, content), tmp_path / "site")
        assert (tmp_path / "site" / ".gitignore").read_text() == "*\n"


def test_a_list_that_leads_out_of_its_folder_deletes_nothing_there(site: Path, tmp_path: Path) -> None:
    thesis = site.parent / "thesis.odt"
    thesis.write_text("a thesis")
    listed = json.loads((site / "done.json").read_text())
    listed["result"] |= {"../thesis.odt": content_hash(thesis), str(thesis): content_hash(thesis)}
    (site / "done.json").write_text(json.dumps(listed))
    replace_site(write(tmp_path / "new", "new"), site)
    assert thesis.read_text() == "a thesis"


@pytest.mark.parametrize("text", ["", "[]", '{"result": 3}', '{"result": {"index.html": null}}', "no json"])
def test_a_list_that_cannot_be_read_proves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("a page")
    (tmp_path / "site" / "thesis.odt").write_text("a thesis")
    (tmp_path / "site" / "done.json").write_text(text)
    with pytest.raises(BuildError, match="which no build has put there"):
        refuse_foreign(tmp_path / "site")


def test_a_folder_whose_making_breaks_off_is_as_it_was(site: Path) -> None:
    before = in_site(site)
    with pytest.raises(KeyboardInterrupt), replacing(site) as fresh:
        (fresh / "index.html").write_text("half")
        raise KeyboardInterrupt
    assert in_site(site) == before and beside(site) == ["site"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no limit on the size of a file")
def test_a_disk_that_takes_no_more_leaves_the_last_site_and_nothing_else(site: Path, tmp_path: Path) -> None:
    before = in_site(site)
    write(tmp_path / "new", "new")
    script = (
        "import resource, sys; from pathlib import Path; from builder.site.replace_site import replace_site\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "replace_site(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "new"), str(site)]
    failed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and "OSError: [Errno 27]" in failed.stderr, failed.stderr
    assert in_site(site) == before and beside(site) == ["site"]


@pytest.mark.parametrize("script", [SWAPPING, WITHOUT_SWAP], ids=["in one step", "in two steps"])
def test_a_kill_at_any_moment_leaves_a_whole_site_or_one_that_is_put_back(
    site: Path, tmp_path: Path, script: str
) -> None:
    rendered = [tmp_path / "old", write(tmp_path / "new", "new")]
    good = [files_of(folder) for folder in rendered]
    moments = random.Random(16)
    for _ in range(8):
        process = swapping(site, *rendered, times=10_000, script=script)
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.communicate()
        assert site.exists() or script == WITHOUT_SWAP
        restore(site)
        assert in_site(site) in good
    replace_site(write(tmp_path / "third", "third"), site)
    assert in_site(site) == files_of(tmp_path / "third") and beside(site) == ["site"]


def test_a_site_that_a_kill_has_taken_away_between_two_renames_is_put_back(site: Path) -> None:
    before = in_site(site)
    site.rename(site.with_name(".site-0123456789abcdef"))
    restore(site)
    assert in_site(site) == before and beside(site) == ["site"]


def test_a_mark_that_a_kill_has_cut_short_is_cleared(site: Path, tmp_path: Path) -> None:
    for number, text in enumerate(("", "lesionlens is making", "somebody's words")):
        (site.parent / f".site-{number:016}.unfinished").write_text(text)
    replace_site(write(tmp_path / "third", "third"), site)
    assert beside(site) == [".site-0000000000000002.unfinished", "site"]


def test_what_is_not_whole_is_not_put_back(site: Path) -> None:
    (site / "model" / "1.bin").unlink()
    site.rename(site.with_name(".site-0123456789abcdef"))
    restore(site)
    assert not site.exists()


def test_builds_of_one_site_from_two_work_folders_never_mix(site: Path, tmp_path: Path) -> None:
    rendered = [tmp_path / "old", write(tmp_path / "new", "new", files=20), write(tmp_path / "third", "third", files=5)]
    good = [files_of(folder) for folder in rendered]
    builds = [swapping(site, rendered[0], rendered[number], times=10) for number in (1, 2)]
    while any(build.poll() is None for build in builds):
        listed = files_of(site)
        assert listed in good
    assert [build.communicate() and build.returncode for build in builds] == [0, 0]
    assert in_site(site) in good and beside(site) == ["site"]
