"""The code itself: linted, formatted and type-checked, Python and JavaScript alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.node import NODE

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.parametrize("arguments", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join)
def test_python_is_clean(arguments: list[str]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_javascript_is_type_checked() -> None:
    compiler = REPOSITORY / "node_modules" / "typescript" / "bin" / "tsc"
    command = [NODE, str(compiler), "--project", str(REPOSITORY / "tsconfig.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_test_that_the_list_of_features_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (REPOSITORY / "docs" / "features.md").read_text(encoding="utf-8"))
    there = "".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "tests").rglob("test_*.py"))
    assert named
    assert [name for name in named if f"def {name}(" not in there] == []
