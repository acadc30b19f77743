"""Names made to harm whoever reads them: in the terminal, in any code page, and in the builder's own tables."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from builder import progress
from builder.cli import main
from builder.terminal import visible
from tests.conftest import REPOSITORY
from tests.photo_sets import class_folder_files, gather, ham_rows, lay, photo
from tests.studies.test_compare import answers, publish

# What no terminal may get but as part of the program's own bars: control characters, ends of lines, turned directions.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
HOSTILE = [
    "\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "\x9b31mred", "bell\x07", "back\x08\x08", "over\rwritten", "two\nlines",
    "tab\there", "line\u2028end", "paragraph\u2029end", "next\x85line", "photo_\u202egpj.exe", "\u2066isolated\u2069",
    "\u200fmark\u200e", "hidden\u200bspace", "[bold]red[/bold]", "[/]", "[link=file:///]x", ":smile:", "{0}%s%(x)s",
    "caf\udce9", "\U000e0041tag", "\ufeffmark",
]  # fmt: skip
ENCODINGS = ["cp1252", "ascii", "utf-8"]


def is_harmless(text: str) -> bool:
    return not OBEYED.search(text)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_shown_on_one_line_and_obeyed_by_no_terminal(name: str) -> None:
    assert is_harmless(visible(name)) and "\n" not in visible(name)
    visible(name).encode("utf-8")


@pytest.mark.parametrize("name", ["Größe", "病变 1.jpg", "می‌خواهم", "👩‍⚕️.jpg", "a b c", "\\x1b"], ids=ascii)
def test_any_other_name_is_shown_as_it_is(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_progress_shows_a_name_as_it_is(name: str, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    kind: type[Console] = type(progress.console)
    shown = kind(file=written, force_terminal=is_terminal, width=200, markup=False, emoji=False, color_system=None)
    monkeypatch.setattr(progress, "console", shown)
    with progress.steps(f"reading {name}", 2) as advance:
        advance(1, f"at {name}")
        shown.print(f"passed over {name}")
    cursor_moves = r"\x1b\[[0-9?;]*[A-Za-z]|\r"  # the bar's own
    text = re.sub(cursor_moves, "", written.getvalue()) if is_terminal else written.getvalue()
    assert is_harmless(text)
    assert text.count(visible(name).split("\\n")[0]) >= 2


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    "command",
    [["--config", "{}", "publish"], ["data", "{}"], ["--set", "{}", "search"], ["compare", "{}"], ["serve", "--{}"]],
    ids=lambda command: command[0],
)
def test_a_problem_with_a_name_is_told_in_harmless_lines(
    name: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = ["--work", str(tmp_path / "work"), "--site", str(tmp_path / "site")]
    try:
        code = main([*work, *(word.format(name) if word == "{}" else word.replace("{}", name) for word in command)])
    except SystemExit as wrong_usage:
        code = int(str(wrong_usage.code))
    said = capsys.readouterr()
    assert code in (1, 2) and is_harmless(said.out + said.err)
    assert code == 2 or len(said.err.rstrip("\n").split("\n")) == 2


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_left_out_file_is_listed_and_every_id_read_back(name: str, tmp_path: Path) -> None:
    """In a table of HAM10000's layout, in three of its columns."""
    cell = name.encode("utf-8", "replace").decode()
    rows = [[*row[:2], *row[2:6], cell, row[7]] for row in ham_rows()[1:]]
    rows = [[f"{row[0]}{cell}", *row[1:]] for row in rows] + [["L", f"x{cell}x", "nv", "", "", "", "", ""]]
    files = {f"{row[1]}.jpg": photo(number) for number, row in enumerate(rows)}
    content = io.StringIO(newline="")
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows([ham_rows()[0], *rows])
    del files[f"x{cell}x.jpg"]
    photos = gather(lay(tmp_path / "set", {**files, "t.csv": content.getvalue().encode()}), tmp_path / "out")
    assert len(photos.labels) == 42 and len(set(photos.lesion_ids)) == 28
    assert [entry["file"] for entry in photos.about["left_out"]] == [f"x{cell}x"]
    with open(tmp_path / "out" / "photos.csv", newline="", encoding="utf-8") as lines:
        assert len(list(csv.reader(lines))) == 43


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names of files")
@pytest.mark.parametrize("name", [name for name in HOSTILE if "/" not in name], ids=ascii)
def test_files_of_any_name_are_read_and_not_read_again(name: str, tmp_path: Path) -> None:
    folder = lay(tmp_path / "set", class_folder_files(14))
    (folder / "mel" / f"{name}.jpg").write_bytes(photo(99))
    first = gather(folder, tmp_path / "work" / "1")
    record = (tmp_path / "work" / "1" / "ingested.csv").read_bytes()
    again = gather(folder, tmp_path / "work" / "2")
    assert len(first.labels) == 15 and first.image_ids.tolist() == again.image_ids.tolist()
    with open(tmp_path / "work" / "1" / "ingested.csv", newline="", encoding="utf-8", errors="surrogateescape") as file:
        assert {len(row) for row in csv.reader(file)} == {5, 6}
    assert record == (tmp_path / "work" / "2" / "ingested.csv").read_bytes()


def run_as(encoding: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "build.py"), *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": encoding, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_code_page_ends_in_a_traceback(encoding: str, tmp_path: Path) -> None:
    name = "病变 \x1b[31m \u202e [bold] ł.jpg" if os.name != "nt" else "病变 ł.jpg"
    folder = lay(tmp_path / "病变 ł", {**class_folder_files(), f"mel/{name}": b"no photo"})
    done = run_as(encoding, "--work", tmp_path / "work ł", "data", folder, LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr and b"\x1b" not in done.stdout + done.stderr
    assert b"left out: 1 file" in done.stdout
    told = run_as(encoding, "data", tmp_path / name, LC_ALL="C")
    assert told.returncode == 1 and len(told.stderr.splitlines()) == 2 and b"\x1b" not in told.stderr


def test_the_names_that_a_comparison_shows_are_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites = [publish(tmp_path / f"{name}\x1b[31m\u202e", answers(1.5, seed)) for seed, name in enumerate("ab")]
    assert main(["--work", str(tmp_path / "work"), "compare", *map(str, sites)]) == 0
    assert is_harmless(capsys.readouterr().out)
    assert main(["--work", str(tmp_path / "work"), "compare", "--json", *map(str, sites)]) == 0
    assert len(json.loads(capsys.readouterr().out)["builds"]) == 2
