"""The leaderboard's own stage: what the stages before found about each network, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.compare import ROWS, build_of, compare, read_predictions, refuse_other_photos
from builder.config import Config
from builder.leaderboard import BOARD, RANKED_BY, SCHEMA, TIMES


def make_board(*results: Path, training_times: Mapping[str, dict[str, Any] | None], config: Config, into: Path) -> None:
    """Stage entry: save `leaderboard.json`, as `leaderboard.schema.json` describes it.

    results: of every network the folders of its figures and of its files; last, where it was timed in a browser, what
    that found. training_times: by network, as `training_time` gives them.
    """
    names = config.site.networks
    evaluated, exported, timed = (
        results[: 2 * len(names) : 2],
        results[1 : 2 * len(names) : 2],
        results[2 * len(names) :],
    )
    board = assemble(names, evaluated, exported, config)
    board["timed"] = _times(names, _read_json(timed[0] / TIMES) if timed else None, training_times)
    (into / BOARD).write_text(json.dumps(board, indent=1, allow_nan=False), encoding="utf-8")


def assemble(
    names: Sequence[str], evaluated: Sequence[Path], exported: Sequence[Path], config: Config
) -> dict[str, Any]:
    """All of the leaderboard that the same input gives again: everything but times."""
    figures = [_read_json(folder / "figures.json") for folder in evaluated]
    builds = [
        build_of(name, folder, own["network"], own["data"], read_predictions(folder / "predictions.csv")[name])
        for name, folder, own in zip(names, evaluated, figures, strict=True)
    ]
    for build in builds[1:]:
        refuse_other_photos(builds[0], build)
    compared = compare(builds, config.evaluation)
    against_first = {pair["second"]: pair for pair in compared["pairs"] if pair["first"] == 0}
    places = _places([build["figures"][RANKED_BY]["value"] for build in compared["builds"]])
    return {
        "$schema": SCHEMA,
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
                "bytes": _read_json(exported[number] / "export.json")["bytes"],
                "figures": compared["builds"][number]["figures"],
                "against_first": {key: against_first[number][key] for key in ("differences", "mcnemar")}
                if number
                else None,
            }
            for number, name in enumerate(names)
        },
    }


def _facts(network: Mapping[str, Any]) -> dict[str, Any]:
    """What was known of a network before the test part was looked at."""
    return {
        **{key: network[key] for key in ("title", "parameters", "epochs", "kept_epoch")},
        "validation_accuracy": network["history"][network["kept_epoch"] - 1]["val_accuracy"],
    }


def _places(values: Sequence[float | None]) -> list[int]:
    """The place of each, the highest value first; equal ones share a place, what was not measured comes last."""
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


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
