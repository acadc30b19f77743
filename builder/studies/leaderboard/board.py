"""The leaderboard's stage: collects the results of earlier stages about each network, and compares them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.config.evaluation import EvaluationConfig
from builder.evaluate.comparison import ROWS, build_of, compare, read_predictions, refuse_other_photos
from builder.files.regular import read_json
from builder.folders import NetworkResults
from builder.site.file_names import BOARD, BOARD_SCHEMA
from builder.studies.leaderboard import TIMES

# As the ISIC 2018 challenge ranks answers among these seven kinds: the rare ones count as much as the common ones.
RANKED_BY = "balanced_accuracy"


def make_board(
    networks: Mapping[str, NetworkResults],
    timed: Path | None,
    *,
    training_times: Mapping[str, dict[str, Any] | None],
    rules: EvaluationConfig,
    into: Path,
) -> None:
    """Stage entry: save `leaderboard.json`, as `leaderboard.schema.json` describes it.

    networks: the first one is the reference for the others. timed: the times measured in a browser, if any.
    training_times: for each network, as `training_time` returns them.
    """
    board = assemble(networks, rules)
    board["timed"] = _times(list(networks), read_json(timed / TIMES) if timed else None, training_times)
    (into / BOARD).write_text(json.dumps(board, indent=1, allow_nan=False), encoding="utf-8")


def assemble(networks: Mapping[str, NetworkResults], rules: EvaluationConfig) -> dict[str, Any]:
    """The reproducible part of the leaderboard: everything except times."""
    names = list(networks)
    evaluated = [results.evaluated for results in networks.values()]
    exported = [results.exported for results in networks.values()]
    figures = [read_json(folder / "figures.json") for folder in evaluated]
    builds = [
        build_of(name, folder, own["network"], own["data"], read_predictions(folder / "predictions.csv")[name])
        for name, folder, own in zip(names, evaluated, figures, strict=True)
    ]
    for build in builds[1:]:
        refuse_other_photos(builds[0], build)
    compared = compare(builds, rules)
    against_first = {pair["second"]: pair for pair in compared["pairs"] if pair["first"] == 0}
    places = _places([build["figures"][RANKED_BY]["value"] for build in compared["builds"]])
    return {
        "$schema": BOARD_SCHEMA,
        "data": {"title": figures[0]["data"]["title"], "is_demo": compared["is_demo"]},
        "photos": compared["photos"],
        "lesions": compared["lesions"],
        "resamples": compared["resamples"],
        "ranked_by": RANKED_BY,
        "compared_with": names[0],
        "rows": list(ROWS),
        "networks": {
            name: {
                "place": places[number],
                **_facts(figures[number]["network"]),
                "bytes": read_json(exported[number] / "export.json")["bytes"],
                "figures": compared["builds"][number]["figures"],
                "against_first": {key: against_first[number][key] for key in ("differences", "mcnemar")}
                if number
                else None,
            }
            for number, name in enumerate(names)
        },
    }


def _facts(network: Mapping[str, Any]) -> dict[str, Any]:
    """Facts about a network that do not depend on the test part."""
    return {
        **{key: network[key] for key in ("title", "parameters", "epochs", "kept_epoch")},
        "validation_accuracy": network["history"][network["kept_epoch"] - 1]["val_accuracy"],
    }


def _places(values: Sequence[float | None]) -> list[int]:
    """The rank of each value, the highest first; equal values share a rank, missing values come last."""
    ranked = [-1.0 if value is None else value for value in values]
    return [1 + sum(other > own for other in ranked) for own in ranked]


def _times(
    names: Sequence[str], in_browser: Mapping[str, Any] | None, training: Mapping[str, dict[str, Any] | None]
) -> dict[str, Any]:
    return {
        "browser": in_browser["browser"] if in_browser else None,
        "networks": {
            name: {"answer": in_browser["networks"][name] if in_browser else None, "training": training[name]}
            for name in names
        },
    }
