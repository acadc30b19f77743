"""What a split by photo adds: a network that knows lesions by heart is flattered, and it is measured by how much."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.predictions import Predictions
from builder.split import UNUSED
from builder.studies.leakage import compare_ways, deal_by_photo, photos_of_trained_lesions
from tests.conftest import TINY, Build, run_command

ONE = ("--set", "site.networks=compact")


def test_dealing_by_photo_keeps_every_part_and_class_as_large_and_parts_lesions() -> None:
    random = np.random.default_rng(0)
    labels, parts = np.repeat(random.integers(0, 7, 300), 2), np.repeat(random.integers(0, 3, 300), 2)
    lesions = np.repeat(np.arange(300).astype(str), 2)
    parts[:10] = UNUSED
    dealt = deal_by_photo(parts, labels, 101)
    for part in range(3):
        assert np.bincount(labels[dealt == part]).tolist() == np.bincount(labels[parts == part]).tolist()
    assert (dealt[:10] == UNUSED).all()
    assert photos_of_trained_lesions(parts, lesions) == 0
    assert photos_of_trained_lesions(dealt, lesions) > 0.5


def test_a_network_that_knows_lesions_by_heart_gains_what_it_knows() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 800)
    lesions = np.arange(800) % 400
    guesses = random.dirichlet(np.full(7, 0.5), 800).astype(np.float32)
    known = np.eye(7, dtype=np.float32)[labels]
    by_photo = np.arange(800) >= 400  # the same lesions again; half of them known
    probabilities = np.where((by_photo & (np.arange(800) % 2 == 0))[:, None], known, guesses)
    bootstrap = LesionBootstrap(lesions.astype(str), 200, 5)
    measured = compare_ways(Predictions(probabilities, labels), 400, bootstrap)
    added = measured["added"]["accuracy"]
    assert added["value"] == pytest.approx(
        measured["by_photo"]["accuracy"]["value"] - measured["by_lesion"]["accuracy"]["value"]
    )
    assert 0.3 < added["low"] < added["value"] < added["high"] < 0.55
    assert measured["added"]["macro_auc"]["low"] > 0.1


def trainings(output: str) -> int:
    """How many trainings a build has finished; a slow one says more than once how far it is."""
    return len(re.findall(r"training: (\d+) of \1 in ", output))


def test_a_build_measures_it_on_request_and_reports_it(tiny_build: Build, tmp_path: Path) -> None:
    folders = ("--work", tiny_build.copy_of_work(tmp_path), "--site", tmp_path / "site")
    settings = (*TINY, *ONE, "--set", "leakage.epochs=1", "--measure-leakage")
    done = run_command(*folders, *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trainings(done.stdout) == 2  # both ways; the site's is done
    report = json.loads((tmp_path / "site" / "report.json").read_text(encoding="utf-8"))
    schema = json.loads((tmp_path / "site" / "report.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(report)] == []
    leakage = report["leakage"]
    assert leakage["epochs"] == 1 and leakage["by_lesion"]["photos"] == leakage["by_photo"]["photos"]
    assert leakage["by_lesion"]["photos_of_trained_lesions"] == 0 < leakage["by_photo"]["photos_of_trained_lesions"]
    again = run_command(*folders, *settings)
    assert "Nothing has changed" in again.stdout
    without = run_command(*folders, *TINY, *ONE)
    assert trainings(without.stdout) == 0
    assert json.loads((tmp_path / "site" / "report.json").read_text(encoding="utf-8"))["leakage"] is None


def test_as_many_epochs_as_the_network_has_cost_one_training_only(tiny_build: Build, tmp_path: Path) -> None:
    folders = ("--work", tiny_build.copy_of_work(tmp_path), "--site", tmp_path / "site")
    done = run_command(*folders, *TINY, *ONE, "--set", "leakage.epochs=2", "--measure-leakage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert trainings(done.stdout) == 1
    assert len(list((tmp_path / "work" / "leakage-train").iterdir())) == 1
