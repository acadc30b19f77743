"""The trials of a search, each one a training on folds of the lesions that are not the test part's."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.files.whole import write_whole
from builder.folders import Folders
from builder.pipeline.chain import Chain
from builder.pipeline.entries import fingerprint, gather_photos, split_fold, split_photos, try_settings
from builder.pipeline.network_stages import content_of_base, train
from builder.pipeline.request import Request
from builder.pipeline.safe_folders import at_work
from builder.progress import console


def search_settings(request: Request, folders: Folders) -> None:
    """Try what [search] asks for, as far as it has not been tried; tell and save what came of it."""
    from builder.studies.search.results import CAVEAT, best_of, rows_of, table_of, write_results
    from builder.studies.search.trials import combinations_of, run_search

    config = request.config()
    rules, name = config.search, config.search.network
    combinations_of(rules)  # refuses a space that is too large, before anything is fetched or drawn
    chain = Chain(config, folders.work)
    with at_work(folders):
        data = chain.run("data", fingerprint(config), gather_photos)
        folds = _deal_for_search(chain, data)

        def score(settings: dict[str, Any], fold: int) -> Any:
            tried = config.with_own(name, settings)
            recipe = tried.network_of(name).recipe
            done = train(chain.with_config(tried), "search", name, recipe, data, folds[fold - 1], try_settings)
            return json.loads((done / "score.json").read_text(encoding="utf-8"))

        rows = rows_of(run_search(rules, score, _study_of(chain, data, folds)), rules)
        best = best_of(rows, rules)
        write_results(rows, best, rules, folders.search)
        file = _write_best(request, config, best["settings"], folders.search)
    console.print(table_of(rows, best, rules))
    console.print(f"{CAVEAT}\nTo build with the best: python build.py --config {file}")


def _deal_for_search(chain: Chain, data: Path) -> list[Path]:
    """The folds of the lesions that are not the test part's."""
    rules = chain.config.search
    split = chain.run("split", asdict(chain.config.split), split_photos, data)
    return [
        chain.run("search-split", [rules.folds, rules.seed, fold], partial(split_fold, fold=fold), data, split)
        for fold in range(1, rules.folds + 1)
    ]


def _study_of(chain: Chain, data: Path, folds: list[Path]) -> Path:
    """Where the trials are kept that were tried under the same conditions; more trials go on from fewer."""
    config, rules = chain.config, chain.config.search
    conditions = {
        "rules": {**asdict(rules), "trials": None},
        "recipe": asdict(config.network_of(rules.network).recipe),
        "layout": config.network_of(rules.network).layout,
        "width_px": config.network_of(rules.network).form.width_px,
        "base": content_of_base(config, rules.network),
        "augment": asdict(config.augment),
        "tf_keras": version("tf_keras"),
    }
    study, _ = chain.place("search", conditions, data, *folds, network=rules.network)
    study.mkdir(parents=True, exist_ok=True)
    return study


def _write_best(request: Request, config: Config, settings: dict[str, Any], into: Path) -> Path:
    """Save the config that a build with the best settings takes; returns its file."""
    from builder.studies.search.results import BEST, best_config

    name, shown = config.search.network, config.site.networks
    own = {each: _said_by_hand(config, each) for each in (shown if name in shown else (name, *shown))}
    own[name] |= settings
    write_whole(into / BEST, best_config(request.config_file, request.changes(), own))
    return into / BEST


def _said_by_hand(config: Config, network: str) -> dict[str, Any]:
    """What the command line says of all networks, which goes before a network's own file as a config's does not."""
    made = {**asdict(config.network_of(network).form), **asdict(config.network_of(network).recipe)}
    return {key: made[key] for key in sorted(config.set_by_hand)}
