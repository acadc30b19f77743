"""The one door: its commands, exit codes, and what it says when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from builder.classes import CODES
from builder.data.demo.draw import draw_demo_photo
from builder.site.predict import FORMAT
from tests.conftest import REPOSITORY, Build, run_build_py, run_command

COMMANDS = ("data", "serve", "publish", "predict", "compare", "leaderboard", "search", "test")


def test_help_lists_the_commands_that_exist() -> None:
    shown = run_build_py("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in shown.stdout or f"\n    {command} " in shown.stdout


@pytest.mark.parametrize(
    "arguments", [["--no-such-option"], ["no-such-command"], ["predict"], ["serve", "--port", "x"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert run_build_py(*arguments).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "no-such-folder"],
        ["--config", "no-such-file.toml"],
        ["--set", "training.epoch=1"],
        ["--site", "no-such-site", "serve"],
        ["--site", "no-such-site", "predict", "photo.jpg"],
        ["--work", "no-such-work", "publish"],
    ],
    ids=" ".join,
)
def test_a_problem_to_mend_is_two_lines_and_exit_code_1(arguments: list[str], tmp_path: Path) -> None:
    work = [] if "--work" in arguments else ["--work", str(tmp_path / "work")]
    failed = run_build_py(*work, *arguments, cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert len(failed.stderr.splitlines()) == 2, failed.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no limit on the size of a file")
def test_a_full_disk_is_a_problem_to_mend(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from builder.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "--work", str(tmp_path / "work"), "--site", str(tmp_path / "site")]
    failed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and "The site" not in failed.stdout and not (tmp_path / "site").exists()
    assert len(failed.stderr.splitlines()) == 2 and "Make room" in failed.stderr, failed.stderr


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A photo that can be used, under a name in another script, and three that cannot."""
    good, small, text = tmp_path / "ein Fleck – 斑点.png", tmp_path / "small.png", tmp_path / "text.jpg"
    Image.new("RGB", (200, 150), (200, 150, 140)).save(good)
    Image.new("RGB", (50, 40)).save(small)
    text.write_text("no photo")
    return [good, small, text, tmp_path / "none.jpg"]


def test_predict_prints_the_probabilities_of_all_classes(demo_build: Build, photos: list[Path]) -> None:
    answered = run_build_py("--site", demo_build.site, "predict", photos[0], photos[0], "--json")
    assert answered.returncode == 0 and answered.stderr == ""
    told = json.loads(answered.stdout)
    assert told["format"] == FORMAT
    rows = told["photos"]
    assert [row["file"] for row in rows] == [str(photos[0])] * 2
    assert list(rows[0]["probabilities"]) == list(CODES)
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_predict_judges_a_photo_as_the_page_does(demo_build: Build, photos: list[Path], tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.png"
    Image.fromarray(draw_demo_photo(3, seed=90, width_px=400, height_px=300).pixels).save(drawn)
    answered = run_command("--site", demo_build.site, "predict", drawn, photos[0], "--json")
    lesion, blank = (row["judgement"] for row in json.loads(answered.stdout)["photos"])
    assert lesion["verdict"] in ("answer", "not-sure") and lesion["quality"] == []
    assert blank["verdict"] == "not-a-lesion"
    assert lesion["malignant"]["sensitivity"] is not None
    in_words = run_command("--site", demo_build.site, "predict", photos[0]).stdout
    assert "does not look like a photo of a skin spot" in in_words


def test_predict_in_words_names_every_class_and_the_warning(demo_build: Build, photos: list[Path]) -> None:
    answered = run_command("--site", demo_build.site, "predict", photos[0])
    assert answered.returncode == 0
    for words in ("Melanoma (malignant)", "a common mole", "not a diagnosis"):
        assert words in answered.stdout


def test_predict_answers_the_photos_it_can_and_names_the_others(demo_build: Build, photos: list[Path]) -> None:
    answered = run_command("--site", demo_build.site, "predict", *photos, "--json")
    assert answered.returncode == 1
    assert [row["file"] for row in json.loads(answered.stdout)["photos"]] == [str(photos[0])]
    assert len(answered.stderr.splitlines()) == 6  # two of each
    for name in ("small.png", "text.jpg", "none.jpg"):
        assert name in answered.stderr


def test_every_option_of_a_build_works_from_any_folder(tmp_path: Path) -> None:
    shown = run_build_py("predict", "--help", cwd=tmp_path)
    assert shown.returncode == 0 and "--json" in shown.stdout


def test_an_unsupported_python_is_told_which_ones_are_supported(tmp_path: Path) -> None:
    # The real file, told by a patched interpreter state that this is Python 3.9 and that there is no other.
    script = (
        "import sys, runpy; sys.version_info = (3, 9, 0); sys.prefix = 'elsewhere'; "
        f"sys.argv = ['build.py']; runpy.run_path({str(tmp_path / 'build.py')!r}, run_name='__main__')"
    )
    for name in ("build.py", "requirements.lock", "package-lock.json"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "This is Python 3.9, and no supported one was found on this machine.",
        "Supported are 3.10, 3.11, 3.12, 3.13: install one, for example from python.org or with your system's "
        "package manager.",
    ]


def test_a_venv_of_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "theirs").write_text("")
    for name in ("build.py", "requirements.lock", "package-lock.json"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    told = subprocess.run([sys.executable, tmp_path / "build.py"], capture_output=True, text=True, check=False)
    assert told.returncode == 1 and ".venv was not made by build.py" in told.stderr
    assert (tmp_path / ".venv" / "theirs").exists()


@pytest.mark.parametrize(
    ("theirs", "listed"),
    [
        (".venv/notes.txt", ""),
        (".venv/lib/mine/__init__.py", ""),
        (".venv/bin/python", None),  # by a build.py that listed nothing
        ("node_modules/mine.js", ""),
    ],
)
def test_an_environment_with_a_file_more_is_not_made_anew(tmp_path: Path, theirs: str, listed: str | None) -> None:
    for name in ("build.py", "requirements.lock", "package-lock.json"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "lesionlens.stamp").write_text("another lock")
    if listed is not None:
        (tmp_path / ".venv" / "lesionlens.files").write_text(listed)
    (tmp_path / theirs).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / theirs).write_text("theirs")
    told = subprocess.run([sys.executable, tmp_path / "build.py"], capture_output=True, text=True, check=False)
    assert told.returncode == 1 and told.stdout == "" and len(told.stderr.splitlines()) == 2, told
    assert (tmp_path / theirs).read_text() == "theirs"
