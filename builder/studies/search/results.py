"""The results of a search: a table of its trials, and a config file with the best settings."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from rich.table import Table

from builder.config.studies import SearchConfig
from builder.errors import BuildError
from builder.files.atomic_write import write_atomically, write_json
from builder.studies.search.fold import FIGURES
from builder.studies.search.trials import in_words

TRIALS, RESULT, BEST = "search.csv", "search.json", "best.toml"
STATES = {"COMPLETE": "done", "PRUNED": "given up", "FAIL": "failed"}
CAVEAT = (
    "The best of several trials looks better than it is, as it was chosen by these very figures. "
    "The test part has taken no part; what a build says of it is the figure to go by."
)


def rows_of(trials: Sequence[Any], rules: SearchConfig) -> list[dict[str, Any]]:
    """Each of Optuna's trials as plain values, in the order they were run.

    standard_deviation: over the folds, of the figure that the search optimises; None for a single fold.
    """
    rows = []
    for number, trial in enumerate(trials, 1):
        scores = trial.user_attrs["scores"]
        by_fold = [score[rules.figure] for score in scores]
        is_measured = None not in by_fold
        means = {name: _mean([score[name] for score in scores]) for name in FIGURES}
        rows.append({
            "trial": number, "state": STATES[trial.state.name], "folds": len(scores), "settings": dict(trial.params),
            **means, "standard_deviation": statistics.stdev(by_fold) if is_measured and len(by_fold) > 1 else None,
            "by_fold": scores,
        })  # fmt: skip
    return rows


def best_of(rows: Sequence[Mapping[str, Any]], rules: SearchConfig) -> Mapping[str, Any]:
    """The trial with the highest mean among those that completed all folds; the first one if there is a tie."""
    done = [row for row in rows if row["state"] == "done"]
    if not done:
        raise BuildError(
            f"in no trial could {rules.figure} be measured on every fold",
            remedy="bring more lesions, set search.folds lower, or search other settings: a training may have diverged",
        )
    return max(done, key=lambda row: row[rules.figure])


def write_results(rows: Sequence[Mapping[str, Any]], best: Mapping[str, Any], rules: SearchConfig, into: Path) -> None:
    """Save the trials in `into/search.csv` and `into/search.json`."""
    keys = list(rules.space)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["trial", "state", "folds", *keys, *FIGURES, "standard_deviation"])
    for row in rows:
        figures = [row[name] for name in (*FIGURES, "standard_deviation")]
        writer.writerow([
            row["trial"], row["state"], row["folds"], *(row["settings"][key] for key in keys),
            *("" if figure is None else f"{figure:.9g}" for figure in figures),
        ])  # fmt: skip
    write_atomically(into / TRIALS, lines.getvalue())
    result = {
        "network": rules.network, "method": rules.method, "figure": rules.figure, "folds": rules.folds,
        "space": {key: list(values) for key, values in rules.space.items()},
        "note": CAVEAT, "best": best["trial"], "trials": rows,
    }  # fmt: skip
    write_json(into / RESULT, result)


def best_config(
    config_file: Path,
    changes: Mapping[tuple[str, ...], Any],
    own: Mapping[str, Mapping[str, Any]],
) -> str:
    """The text of a config file for `--config`: the site has the networks in `own`, with their settings there.

    changes: the command line's changes to the file, by table and key.
    """
    document: Any = tomlkit.parse(config_file.read_text(encoding="utf-8"))
    said: dict[tuple[str, ...], Any] = {**changes, ("site", "networks"): list(own)}
    said.update({(name, key): value for name in own for key, value in own[name].items()})
    for (*path, key), value in said.items():
        table = document
        for part in path:
            table = table.setdefault(part, tomlkit.table())
        table[key] = value
    return tomlkit.dumps(document)


def table_of(rows: Sequence[Mapping[str, Any]], best: Mapping[str, Any], rules: SearchConfig) -> Table:
    """The trials as a table for the terminal, the best first."""
    table = Table(title=f"{rules.network}: {rules.figure}, mean over {rules.folds} folds of lesions")
    for heading in ("trial", rules.figure, "spread", "folds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("settings")
    order = sorted(rows, key=lambda row: (row["state"] != "done", -(row[rules.figure] or 0)))
    for row in order:
        remark = "best" if row is best else "" if row["state"] == "done" else row["state"]
        table.add_row(
            str(row["trial"]), _spoken(row[rules.figure]), _spoken(row["standard_deviation"]), str(row["folds"]),
            remark, in_words(row["settings"]), style="bold" if row is best else None,
        )  # fmt: skip
    return table


def _mean(values: Sequence[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return statistics.fmean(measured) if measured and len(measured) == len(values) else None


def _spoken(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
