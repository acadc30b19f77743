"""A search: no combination twice, never a lesion of the test part, and a cut costs nothing that was finished."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from builder.config.read import read_config
from builder.config.studies import SearchConfig
from builder.errors import BuildError
from builder.evaluate.predictions import Predictions
from builder.network import build_network
from builder.split import TEST, TRAINING, UNUSED, VALIDATION
from builder.studies.search.fold import fold_of_search, score_of
from builder.studies.search.results import best_config, best_of, rows_of
from builder.studies.search.trials import combinations_of, run_search
from tests.conftest import REPOSITORY, run_build_py, run_command

CONFIG = REPOSITORY / "config.toml"
RULES = SearchConfig(
    network="cnn", method="grid", trials=8, folds=3, figure="macro_auc", seed=7,
    space={"epochs": (1, 2, 3, 4), "activation": ("relu", "elu")},
)  # fmt: skip


def score(settings: dict[str, Any], fold: int) -> dict[str, float | None]:
    """As if more epochs and elu were better, and later folds harder."""
    figure = 0.5 + settings["epochs"] / 20 + 0.01 * (settings["activation"] == "elu") - fold / 100
    return {"accuracy": figure / 2, "balanced_accuracy": figure / 3, "macro_auc": figure}


class Cut:
    """Scores until it has been asked so many times, then is interrupted."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, settings: dict[str, Any], fold: int) -> dict[str, float | None]:
        if len(self.asked) == self.after:
            raise KeyboardInterrupt
        self.asked.append((*settings.values(), fold))
        return score(settings, fold)


def test_a_grid_is_every_combination_once_in_the_order_it_is_written() -> None:
    found = [tuple(settings.values()) for settings in combinations_of(RULES)]
    assert found == [(epochs, activation) for epochs in (1, 2, 3, 4) for activation in ("relu", "elu")]


def test_a_random_search_draws_no_combination_twice_and_more_trials_begin_with_those_of_fewer() -> None:
    few, many = (combinations_of(replace(RULES, method="random", trials=trials)) for trials in (3, 100))
    assert len(few) == 3 and many[:3] == few
    assert len({tuple(settings.values()) for settings in many}) == len(many) == 8
    assert many != combinations_of(RULES)


def test_a_grid_that_is_too_large_is_refused_with_a_remedy() -> None:
    with pytest.raises(BuildError, match="has 8 combinations") as caught:
        combinations_of(replace(RULES, trials=7))
    assert "allows 7" in caught.value.problem and "search.trials to 8" in caught.value.remedy
    with pytest.raises(BuildError, match="combinations"):
        combinations_of(replace(RULES, method="random", space={key: tuple(range(110)) for key in "abc"}))


def test_a_grid_that_is_too_large_is_refused_before_any_photo_is_looked_at(tmp_path: Path) -> None:
    refused = run_build_py("--work", tmp_path / "work", "search", "--set", "search.method=grid")
    assert refused.returncode == 1 and refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 2 and "48 combinations" in refused.stderr


def test_no_lesion_of_the_test_part_is_in_a_fold_and_every_other_lesion_is_scored_once() -> None:
    random = np.random.default_rng(3)
    lesion = random.integers(0, 120, 300)
    labels, part_of_lesion = random.integers(0, 7, 120)[lesion], random.integers(-1, 3, 120)
    parts, lesion_ids = part_of_lesion[lesion], np.char.add("lesion ", lesion.astype(str))
    scored = np.zeros(len(parts), dtype=int)
    for fold in (1, 2, 3):
        dealt = fold_of_search(parts, lesion_ids, labels, folds=3, fold=fold, seed=1)
        assert set(dealt[np.isin(parts, (TEST, UNUSED))]) == {UNUSED} and TEST not in dealt
        assert not set(lesion_ids[dealt != UNUSED]) & set(lesion_ids[parts == TEST])
        assert not set(lesion_ids[dealt == TRAINING]) & set(lesion_ids[dealt == VALIDATION])
        scored += dealt == VALIDATION
    assert (scored == np.isin(parts, (TRAINING, VALIDATION))).all()


@pytest.mark.parametrize("method", ["grid", "halving"])
@pytest.mark.parametrize("after", [1, 4])
def test_a_search_that_was_cut_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, method: Literal["grid", "halving"], after: int
) -> None:
    rules = replace(RULES, method=method)
    whole, cut, rest = (Cut(count) for count in (1000, after, 1000))
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    expected = rows_of(run_search(rules, whole, tmp_path / "whole"), rules)
    with pytest.raises(KeyboardInterrupt):
        run_search(rules, cut, tmp_path / "cut")
    assert rows_of(run_search(rules, rest, tmp_path / "cut"), rules) == expected
    finished = {asked[:-1] for asked in cut.asked[: len(cut.asked) // 3 * 3]} if method == "grid" else set()
    assert not finished & {asked[:-1] for asked in rest.asked}
    assert set(cut.asked + rest.asked) == set(whole.asked)


def test_a_finished_search_tries_nothing_and_more_trials_only_what_is_new(tmp_path: Path) -> None:
    few, again, more = Cut(1000), Cut(1000), Cut(1000)
    rules = replace(RULES, method="random", trials=2)
    run_search(rules, few, tmp_path)
    run_search(rules, again, tmp_path)
    assert len(few.asked) == 6 and again.asked == []
    run_search(replace(rules, trials=3), more, tmp_path)
    assert len(more.asked) == 3 and not set(more.asked) & set(few.asked)


def test_a_path_with_signs_that_mean_something_in_an_address_holds_a_study(tmp_path: Path) -> None:
    folder = tmp_path / "100 % {odd}?#"
    folder.mkdir()
    run_search(replace(RULES, method="random", trials=1), score, folder)
    assert (folder / "study.db").stat().st_size > 0


def test_halving_gives_up_what_is_not_in_the_better_half(tmp_path: Path) -> None:
    rules = replace(RULES, method="halving", space={"epochs": (4, 1), "activation": ("relu", "elu")}, trials=4)
    rows = rows_of(run_search(rules, score, tmp_path), rules)
    given_up = [row for row in rows if row["state"] == "given up"]
    assert given_up and all(row["folds"] < rules.folds for row in given_up)
    assert best_of(rows, rules)["settings"] == {"epochs": 4, "activation": "elu"}


def test_mean_and_spread_of_a_trial_are_those_computed_by_hand(tmp_path: Path) -> None:
    rules = replace(RULES, method="random", trials=1, space={"epochs": (2,), "activation": ("relu",)})
    [row] = rows_of(run_search(rules, score, tmp_path), rules)
    assert row["macro_auc"] == pytest.approx((0.59 + 0.58 + 0.57) / 3)
    assert row["standard_deviation"] == pytest.approx(((0.01**2 + 0 + 0.01**2) / 2) ** 0.5)
    assert row["accuracy"] == pytest.approx(0.29)


def test_a_training_that_comes_to_no_numbers_fails_its_trial_alone(tmp_path: Path) -> None:
    def diverging(settings: dict[str, Any], fold: int) -> dict[str, float | None]:
        lost: dict[str, float | None] = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_auc"))
        return lost if settings["epochs"] == 4 else score(settings, fold)

    rows = rows_of(run_search(RULES, diverging, tmp_path), RULES)
    assert [row["state"] for row in rows] == ["done"] * 6 + ["failed"] * 2
    assert best_of(rows, RULES)["settings"] == {"epochs": 3, "activation": "elu"}
    with pytest.raises(BuildError, match="in no trial"):
        best_of(rows[6:], RULES)


def test_the_score_is_that_of_the_fold_and_none_where_answers_are_no_numbers() -> None:
    probabilities = np.full((14, 7), 0.1, dtype=np.float32)
    labels = np.arange(14) % 7
    probabilities[np.arange(14), labels] = 0.4
    probabilities[0] = np.roll(probabilities[0], 1)
    found = score_of(Predictions(probabilities, labels))
    assert found["accuracy"] == pytest.approx(13 / 14) and found["balanced_accuracy"] == pytest.approx(13 / 14)
    probabilities[3, 3] = np.nan
    assert set(score_of(Predictions(probabilities, labels)).values()) == {None}


def test_the_best_config_is_one_that_builds_that_very_network(tmp_path: Path) -> None:
    best = {"epochs": 3, "batch_photos": 8, "convolutions": 2, "dropout": 0.1, "activation": "elu"}
    changes: dict[tuple[str, ...], Any] = {
        ("data", "source"): "photos",
        ("cnn", "dense_dropout"): 0.3,
        ("site", "networks"): "compact",
    }
    file = tmp_path / "best.toml"
    file.write_text(best_config(CONFIG, changes, {"cnn": best, "compact": {}}), encoding="utf-8")
    config = read_config(file)
    assert (config.data.source, config.site.networks) == ("photos", ("cnn", "compact"))
    recipe = config.network_of("cnn").recipe
    assert (recipe.epochs, recipe.batch_photos, recipe.learning_rate) == (3, 8, 1e-4)
    network = build_network("cnn", settings=config.network_of("cnn").layout)
    layers = [layer.get_config() for layer in network.layers]
    assert [layer["filters"] for layer in layers if "filters" in layer] == [64] * 2 + [128] * 2
    assert [layer["rate"] for layer in layers if "rate" in layer] == [0.1, 0.1, 0.3]
    assert [layer["activation"] for layer in layers if layer["name"].startswith("activation")] == ["elu"] * 5 + [
        "softmax"
    ]
    assert "# of the lesions: the origin's 60/40" in file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("trains", "little_work")
def test_the_command_tells_and_saves_its_trials_and_builds_on_them_when_run_again(tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8")
    before, _, after = text.partition("[search]")
    space = "[search.space]\nepochs = [1]\nbatch_photos = [16, 32]\n\n[export]"
    rules = 'network = "compact"\nmethod = "grid"\ntrials = 2\nfolds = 2\nfigure = "accuracy"\nseed = 1\n'
    file = tmp_path / "config.toml"
    file.write_text(f"{before}[search]\n{rules}{space}{after.partition('[export]')[2]}", encoding="utf-8")
    by_hand = ("--set", "training.label_smoothing=0.2")  # which the network's own file says otherwise
    command = ("--config", file, "--set", "demo.photos=70", "--work", tmp_path / "work", "search", *by_hand)
    first, again = run_command(*command), run_command(*command)
    assert first.returncode == again.returncode == 0, first.stdout + first.stderr
    assert "trial 2 of 2: epochs 1, batch_photos 32" in first.stdout and "looks better than it is" in first.stdout
    assert "training" in first.stdout and "training" not in again.stdout
    folder = tmp_path / "work" / "search"
    told = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    with open(folder / "search.csv", newline="", encoding="utf-8") as lines:
        assert [row["batch_photos"] for row in csv.DictReader(lines)] == ["16", "32"]
    best = read_config(folder / "best.toml").network_of("compact").recipe
    assert best.batch_photos == told["trials"][told["best"] - 1]["settings"]["batch_photos"]
    assert (best.epochs, best.label_smoothing) == (1, 0.2)
    assert not list(folder.rglob("*.h5")) and not list(folder.rglob("*.npz"))
