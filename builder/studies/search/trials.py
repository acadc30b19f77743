"""`python build.py search`: tries settings of a network on folds of lesions, and reports the best."""

from __future__ import annotations

import math
import sqlite3
import statistics
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from builder.config.studies import SearchConfig
from builder.errors import BuildError
from builder.files.ownership import delete_files
from builder.progress import console

Settings = dict[str, Any]
Score = Mapping[str, float | None]  # a figure of one fold, by name
# Trains with those settings on all folds but one, and scores on that; again at no cost, once it is done.
Try = Callable[[Settings, int], Score]

STUDY = "study.db"
BETTER_PART = 2  # halving: one trial in so many goes on to the next rung; rungs are at 1, 2, 4 ... folds
MOST_COMBINATIONS = 1_000_000  # that are numbered to draw from: more take seconds and say nothing more


def combinations_of(rules: SearchConfig) -> list[Settings]:
    """The combinations to try, in order, without repetition; a longer list begins with the shorter one."""
    lengths = [len(values) for values in rules.space.values()]
    count = math.prod(lengths)
    if rules.method == "grid" and count > rules.trials:
        raise BuildError(
            f"the grid of [search.space] has {count} combinations, and search.trials allows {rules.trials}",
            remedy=f"shorten its lists, set search.trials to {count}, or search.method to random or halving",
        )
    if count > MOST_COMBINATIONS:
        raise BuildError(
            f"[search.space] has {count} combinations", remedy=f"shorten its lists, to {MOST_COMBINATIONS} at most"
        )
    order = np.arange(count) if rules.method == "grid" else np.random.default_rng(rules.seed).permutation(count)
    places = np.stack(np.unravel_index(order[: rules.trials], lengths), axis=1).tolist()
    return [{key: values[at] for (key, values), at in zip(rules.space.items(), place, strict=True)} for place in places]


def run_search(rules: SearchConfig, try_settings: Try, folder: Path) -> list[Any]:
    """Run the trials that were not run yet; returns Optuna's trials, whose study is stored in `folder`.

    An interrupted trial continues with its current fold, as the same trial, so that successive halving decides as if
    there had been no interruption.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if not _is_sound(folder / STUDY):
        console.print(f"{folder / STUDY} is damaged: begun anew, from what the trials have left")
        delete_files([folder / STUDY])
    combinations = combinations_of(rules)
    study = optuna.create_study(
        # Not by its address: a path may hold what means something else in one.
        storage=optuna.storages.RDBStorage(
            "sqlite://", engine_kwargs={"creator": partial(sqlite3.connect, folder / STUDY)}
        ),
        study_name=rules.network,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=BETTER_PART)
        if rules.method == "halving"
        else optuna.pruners.NopPruner(),
    )
    for number, settings in enumerate(combinations):
        if number == len(study.get_trials(deepcopy=False)):
            study.enqueue_trial(settings)
        known = study.get_trials(deepcopy=False)[number]
        if known.state.is_finished():
            continue
        is_new = known.state == optuna.trial.TrialState.WAITING
        trial = study.ask() if is_new else optuna.trial.Trial(study, known._trial_id)
        for key, values in rules.space.items():
            trial.suggest_categorical(key, values)
        console.print(f"trial {number + 1} of {len(combinations)}: {in_words(settings)}")
        _run_trial(study, trial, known.intermediate_values, partial(try_settings, settings), rules)
    return study.get_trials(deepcopy=False)[: len(combinations)]


def _is_sound(study: Path) -> bool:
    """Whether a study can be continued, as far as SQLite can tell; True if there is none yet."""
    try:
        with closing(sqlite3.connect(study)) as database:
            checked = [row for (row,) in database.execute("PRAGMA integrity_check")] == ["ok"]
            names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return checked and (not names or "studies" in names)
    except sqlite3.DatabaseError:
        return not study.exists()


def _run_trial(
    study: Any, trial: Any, reported: Mapping[int, float], try_fold: Callable[[int], Score], rules: SearchConfig
) -> None:
    """Run fold after fold, until the last one or until the pruner stops it; reported: what the study knows so far."""
    from optuna.trial import TrialState

    scores: list[Score] = []
    for fold in range(1, rules.folds + 1):
        console.print(f"fold {fold} of {rules.folds}")
        scores.append(try_fold(fold))
        trial.set_user_attr("scores", scores)
        figures = [score[rules.figure] for score in scores]
        measured = [figure for figure in figures if figure is not None]
        if len(measured) < fold:
            study.tell(trial, state=TrialState.FAIL)
            return
        mean = statistics.fmean(measured)
        if fold in reported:
            continue  # and the pruner let it go on
        trial.report(mean, fold)
        if fold < rules.folds and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    study.tell(trial, mean)


def in_words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())
