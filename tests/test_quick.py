"""The quick part of the suite: it starts no browser and no training, and says how much it leaves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.quick import REFUSED

SUITE = """
import subprocess
import sys
import pytest
from playwright.sync_api import sync_playwright
from tests.conftest import run_command

def test_of_nothing():
    assert run_command("compare", "nowhere").returncode == 1

def test_that_asks_for_a_browser(browser):
    raise AssertionError

def test_that_asks_for_a_training(trains):
    raise AssertionError

def test_that_starts_a_browser_all_the_same():
    with sync_playwright():
        pass

def test_that_starts_another_browser():
    subprocess.run(["firefox-esr", "--version"])

def test_that_trains_all_the_same():
    from builder.quiet_tensorflow import tf_keras
    network = tf_keras.Sequential([tf_keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    network.train_on_batch([[1.0]], [[1.0]])

def test_whose_build_has_trained():
    sys.audit("tests.built", "training: 3 of 3 in 0.1 s")  # as `run_build_py` tells it
"""


def test_what_needs_a_browser_or_a_training_is_left_and_counted_and_fails_where_it_does_not_say_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_some.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "pyproject.toml", "--quick", str(tmp_path)]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "4 failed, 1 passed, 2 deselected" in told.stdout, told.stdout + told.stderr
    assert len(re.findall(rf"^E +AssertionError: {REFUSED}$", told.stdout, re.MULTILINE)) == 4
    assert "Left for the whole suite: 2 that need a browser or a training." in told.stdout
