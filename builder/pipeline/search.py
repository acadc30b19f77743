"""The trials of a search: each trains on folds of the lesions that are not in the test part."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.files.atomic_write import write_atomically
from builder.files.regular import read_json
from builder.folders import Folders
from builder.pipeline.chain import Chain
from builder.pipeline.network_stages import gather, split, train, training_key
from builder.pipeline.request import Request
from builder.pipeline.safe_folders import at_work
from builder.pipeline.stages import SEARCH, SPLIT_FOR_SEARCH
from builder.progress import console


def search_settings(request: Request, folders: Folders) -> None:
    """Run the trials of [search] that were not run yet; print and save the results."""
    from builder.studies.search.results import CAVEAT, best_of, rows_of, table_of, write_results
    from builder.studies.search.trials import combinations_of, run_search

    config = request.config()
    rules, name = config.search, config.search.network
    combinations_of(rules)  # refuses a space that is too large, before anything is fetched or drawn
    chain = Chain(config, folders.work)
    with at_work(folders):
        photos = gather(chain)
        folds = _split_for_search(chain, photos)

        def score(settings: dict[str, Any], fold: int) -> Any:
            tried = config.with_own(name, settings)
            done = train(chain.with_config(tried), SEARCH, tried.network_of(name), photos, folds[fold - 1])
            return read_json(done / "score.json")

        rows = rows_of(run_search(rules, score, _study_of(chain, photos, folds)), rules)
        best = best_of(rows, rules)
        write_results(rows, best, rules, folders.search)
        file = _write_best(request, config, best["settings"], folders.search)
    console.print(table_of(rows, best, rules))
    console.print(f"{CAVEAT}\nTo build with the best: python build.py --config {file}")


def _split_for_search(chain: Chain, photos: Path) -> list[Path]:
    """The folds of the lesions that are not in the test part."""
    rules = chain.config.search
    inputs = {"photos": photos, "split": split(chain, photos)}
    return [
        chain.run(SPLIT_FOR_SEARCH, inputs, {"fold": fold, "folds": rules.folds, "seed": rules.seed})
        for fold in range(1, rules.folds + 1)
    ]


def _study_of(chain: Chain, photos: Path, folds: list[Path]) -> Path:
    """The folder of the trials with the same conditions; a longer search continues a shorter one."""
    config, rules = chain.config, chain.config.search
    network = config.network_of(rules.network)
    conditions = {
        "rules": {**asdict(rules), "trials": None},
        "training": training_key(config, network),
        "width_px": network.form.width_px,
        "augment": asdict(config.augment),
    }
    study, _ = chain.place(SEARCH, {"photos": photos, "splits": folds}, conditions, network.name)
    study.mkdir(parents=True, exist_ok=True)
    return study


def _write_best(request: Request, config: Config, settings: dict[str, Any], into: Path) -> Path:
    """Save a config with the best settings, ready to build with; returns its file."""
    from builder.studies.search.results import BEST, best_config

    name, shown = config.search.network, config.site.networks
    own = {each: _said_by_hand(config, each) for each in (shown if name in shown else (name, *shown))}
    own[name] |= settings
    write_atomically(into / BEST, best_config(request.config_file, request.changes(), own))
    return into / BEST


def _said_by_hand(config: Config, network: str) -> dict[str, Any]:
    """The settings for all networks on the command line; unlike a config's, they override a network's own file."""
    made = config.network_of(network).settings
    return {key: made[key] for key in sorted(config.set_by_hand)}
