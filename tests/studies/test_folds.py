"""Every fold in turn: each lesion tested once, the spread as computed by hand, an ensemble that claims no figure."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builder.classes import CODES
from builder.config.read import read_config
from builder.data.demo.draw import draw_demo_photo
from builder.errors import BuildError
from builder.predict.ensemble import members_of, together
from builder.studies.folds import FIGURES, refuse_unless_each_once, spread_of
from tests.conftest import REPOSITORY, Build, run_command
from tests.report_figures import figure, make_network

FEW = (
    "--set", "demo.photos=70", "--set", "evaluation.resamples=20", "--set", "site.networks=compact",
    "--set", "compact.epochs=1", "--set", "split.fold=2", "--folds", "2",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(trains: None, little_work: None, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build on few drawn photos, with every fold of two; the site holds the network of the second."""
    folder = tmp_path_factory.mktemp("folds")
    done = run_command("--work", folder / "work", "--site", folder / "site", *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(folder / "work", folder / "site", done.stdout)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("photo") / "drawn.png"
    Image.fromarray(draw_demo_photo(3, seed=90, width_px=400, height_px=300).pixels).save(file)
    return file


def of_folds(built: Build) -> list[dict[str, Any]]:
    """The figures that each fold's evaluation left, told apart by who is in its test part."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in built.work.glob("evaluate/*/figures.json")]


def test_mean_and_spread_are_those_computed_by_hand() -> None:
    networks = [make_network(), make_network(), make_network()]
    for network, accuracy, melanomas in zip(networks, (0.6, 0.7, 0.9), (0.5, None, 0.3), strict=True):
        network["test"]["accuracy"], network["test"]["melanoma_sensitivity"] = figure(accuracy), figure(melanomas)
    spread = spread_of([{"network": network} for network in networks])["figures"]
    mean = (0.6 + 0.7 + 0.9) / 3
    by_hand = (((0.6 - mean) ** 2 + (0.7 - mean) ** 2 + (0.9 - mean) ** 2) / 2) ** 0.5
    assert (spread["accuracy"]["mean"], spread["accuracy"]["standard_deviation"]) == pytest.approx((mean, by_hand))
    assert spread["accuracy"]["by_fold"] == [figure(0.6), figure(0.7), figure(0.9)]
    assert spread["melanoma_sensitivity"]["mean"] == pytest.approx(0.4)
    assert spread["malignant_auc"]["mean"] == pytest.approx(0.846)


def test_what_was_measured_in_one_fold_alone_has_no_spread() -> None:
    networks = [make_network(), make_network()]
    networks[0]["test"]["melanoma_sensitivity"] = figure(None)
    one = spread_of([{"network": network} for network in networks])["figures"]["melanoma_sensitivity"]
    assert (one["mean"], one["standard_deviation"]) == (pytest.approx(0.36), None)


def test_folds_that_test_a_photo_twice_or_never_are_refused() -> None:
    refuse_unless_each_once([["a", "b"], ["c"]], ["c", "a", "b"], "cnn")
    for tested in ([["a", "b"], ["b", "c"]], [["a"], ["c"]]):
        with pytest.raises(AssertionError, match="each photo once"):
            refuse_unless_each_once(tested, ["a", "b", "c"], "cnn")


def test_every_lesion_is_tested_once_over_the_folds(built: Build) -> None:
    folds = []
    for file in sorted(built.work.glob("evaluate/*/predictions.csv")):
        with open(file, newline="", encoding="utf-8") as lines:
            folds.append({row["lesion_id"] for row in csv.DictReader(lines)})
    tested = Counter(lesion for fold in folds for lesion in fold)
    with open(next(built.work.glob("data/*/photos.csv")), newline="", encoding="utf-8") as lines:
        lesions = {row["lesion_id"] for row in csv.DictReader(lines)}
    assert len(folds) == 2 and set(tested) == lesions and set(tested.values()) == {1}
    assert built.report["folds"]["lesions"] == len(lesions)


def test_the_report_holds_each_folds_figures_and_says_what_is_shipped(built: Build) -> None:
    folds, shipped = built.report["folds"], built.report["networks"]["compact"]
    assert (folds["folds"], folds["shipped"]) == (2, 2)
    spread = folds["networks"]["compact"]["figures"]
    assert spread["accuracy"]["by_fold"][1] == shipped["test"]["accuracy"]
    assert spread["malignant_auc"]["by_fold"][1] == shipped["malignant"]["auc"]
    measured = sorted(fold["network"]["test"]["accuracy"]["value"] for fold in of_folds(built))
    assert sorted(fold["value"] for fold in spread["accuracy"]["by_fold"]) == measured
    assert spread["accuracy"]["mean"] == pytest.approx(sum(measured) / 2)
    assert set(spread) == set(FIGURES)
    page = (built.site / "report.html").read_text(encoding="utf-8")
    assert "This site holds the network of fold 2." in page
    assert "The site ships the networks of fold 2" in built.output and "siblings" in built.output


def test_finished_folds_are_not_run_again(built: Build) -> None:
    again = run_command("--work", built.work, "--site", built.site, *FEW)
    assert again.returncode == 0 and "Nothing has changed" in again.stdout and "training" not in again.stdout


def test_the_ensembles_answer_is_the_mean_of_its_networks(built: Build, photo: Path) -> None:
    ask = ("--work", built.work, "--site", built.site, "predict", "--json", photo)
    [single] = json.loads(run_command(*ask).stdout)["photos"]
    [answer] = json.loads(run_command(*ask, "--ensemble").stdout)["photos"]
    assert len(answer["by_fold"]) == 2
    for code in CODES:
        first, second = (fold[code] for fold in answer["by_fold"])
        assert answer["probabilities"][code] == pytest.approx((first + second) / 2, abs=1e-7)
        assert second == pytest.approx(single["probabilities"][code], abs=0.005)  # as stored for the page
    assert answer["by_fold"][0] != answer["by_fold"][1]
    assert set(answer["judgement"]) == {"verdict", "quality"}  # the lines of a single network are not the mean's


def test_the_ensemble_says_that_it_was_not_tested(built: Build, photo: Path) -> None:
    said = run_command("--work", built.work, "--site", built.site, "predict", "--ensemble", photo)
    assert said.returncode == 0, said.stderr
    assert "was not measured" in said.stdout and "not a diagnosis" in said.stdout


def test_the_mean_is_that_of_each_photo_and_class() -> None:
    of_folds = np.random.default_rng(1).dirichlet(np.ones(7), (3, 2)).astype(np.float32)
    answers = together(of_folds)
    for photo in range(2):
        by_hand = [sum(float(of_folds[fold, photo, kind]) for fold in range(3)) / 3 for kind in range(7)]
        assert list(answers[photo]["probabilities"].values()) == pytest.approx(by_hand)
        assert sum(answers[photo]["probabilities"].values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("noted", [None, {}, {"ensemble": {"cnn": [["train/gone", "calibrate/gone"]]}}])
def test_an_ensemble_that_was_not_built_is_a_problem_to_mend(tmp_path: Path, noted: dict[str, Any] | None) -> None:
    record = tmp_path / "last_build.json"
    if noted is not None:
        record.write_text(json.dumps(noted), encoding="utf-8")
    with pytest.raises(BuildError, match="no networks of all folds") as caught:
        members_of(record, tmp_path, "cnn")
    assert "--folds 5" in caught.value.remedy


def test_folds_are_measured_only_where_lesions_are_dealt_into_folds() -> None:
    with pytest.raises(BuildError, match="measure is true") as caught:
        read_config(REPOSITORY / "config.toml", settings=["folds.measure=true"])
    assert "--folds" in caught.value.remedy
