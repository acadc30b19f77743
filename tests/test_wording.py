"""What is said of wrong words on the command line: two lines, a capital first, and the word that was meant."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from builder.cli import main
from builder.wording import in_home, meant, two_lines
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["sreve"], "Did you mean serve?"),
        (["Publish"], "Did you mean publish?"),
        (["--dta=x"], "Did you mean --data?"),
        (["predict", "x.jpg", "--jsno"], "Did you mean --json?"),
        (["leaderboard", "--netwroks", "cnn"], "Did you mean --networks?"),
        (["predict"], "--help"),
        (["serve", "--port", "x"], "--help"),
        (["serve", "one", "two"], "--help"),
        (["--folds"], "--help"),
        (["--folds", "x"], "--help"),
        (["zzzzzz"], "--help"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two_lines_with_the_word_that_was_meant(
    arguments: list[str], suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and len(said) == 2
    assert said[0][0].isupper() and said[1][0].isupper() and suggestion in said[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "80000"], "from 1 to 65535"),
        (["serve", "--port", "-1"], "from 1 to 65535"),
        (["--set", "trainin.epochs=1", "data", "demo"], "Did you mean training?"),
        (["--set", "Training.epochs=1", "data", "demo"], "Did you mean training?"),
        (["--set", "training.epoch=1", "data", "demo"], "Did you mean epochs?"),
        (["--set", "site.networks=cnm", "data", "demo"], "Did you mean cnn?"),
        (["data", "ham1000"], "Did you mean ham10000?"),
        (["data", "dmeo"], "Did you mean demo?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_is_two_lines_with_what_it_may_be(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--work", str(tmp_path / "work"), *arguments]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and said in lines[1]


def test_the_first_word_gets_a_capital_and_a_name_stays_as_it_is() -> None:
    assert two_lines("there is no file x", "name one") == "There is no file x\nName one."
    assert two_lines("x.csv: there is no column", "is it there?") == "x.csv: there is no column\nIs it there?"
    assert two_lines("two\nlines", "one\rline").count("\n") == 1


def test_every_problem_with_a_remedy_begins_with_a_word_or_a_name_and_ends_without_a_full_stop() -> None:
    """`two_lines` sets capitals and the full stop, in one place."""
    crooked = []
    for file in sorted((REPOSITORY / "builder").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            texts = [keyword.value for keyword in getattr(node, "keywords", []) if keyword.arg == "remedy"]
            if isinstance(node, ast.Call) and texts and node.args:
                for text in (node.args[0], texts[0]):
                    constants = [part.value for part in ast.walk(text) if isinstance(part, ast.Constant)]
                    written = [part for part in constants if isinstance(part, str)]
                    if written and written[-1].endswith((".", "\n")):
                        crooked.append(f"{file.name}:{node.lineno}")
    assert crooked == []


def test_a_tilde_is_the_home_folder_in_every_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert in_home("~/x") == tmp_path / "x"
    assert in_home("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
    assert in_home("a~/x") == Path("a~/x")


@pytest.mark.parametrize("option", ["--config", "--work", "--site"])
def test_options_for_paths_take_a_tilde(
    option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "theirs").touch()
    work = [] if option == "--work" else ["--work", str(tmp_path / "w")]
    command = ["data", "demo"] if option != "--site" else ["publish"]
    assert main([*work, f"{option}=~/work", *command]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not (Path("~") / "work").exists()


def test_only_a_word_that_is_alike_is_suggested() -> None:
    assert meant("cnm", ["cnn", "compact"]) == "Did you mean cnn? "
    assert meant("xyz", ["cnn", "compact"]) == ""
