"""The order of the stages. No other module knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from builder.files.regular import read_json
from builder.folders import Folders, NetworkResults
from builder.pipeline.chain import Chain
from builder.pipeline.network_stages import (
    build_network,
    content_of_base,
    gather,
    seen_by,
    split,
    train,
    train_and_test,
)
from builder.pipeline.record import write_record
from builder.pipeline.request import Request
from builder.pipeline.safe_folders import at_work
from builder.pipeline.stages import BOARD, FOLDS, LEAKAGE, RENDER, SPLIT_LEAKING, TIMES, TRAIN, TRAIN_LEAKING
from builder.pipeline.summary import summary_of
from builder.progress import console
from builder.site import file_names
from builder.site.replace_site import replace_site
from builder.train.timing import training_time


def build_leaderboard(request: Request, folders: Folders, *, with_times: bool) -> None:
    """Build the site with a page that compares its networks; with_times: measure times too, in a browser."""
    from builder.studies.leaderboard.table import print_table

    if with_times:
        from builder.studies.leaderboard.times import open_browser

        with open_browser():
            pass  # raises where there is none: now, not after hours of training
    rendered = build_site(request, folders, partial(_make_board, with_times=with_times))
    print_table(read_json(rendered / file_names.BOARD))


def build_site(request: Request, folders: Folders, make_board: Callable[..., Path] | None = None) -> Path:
    """Run every stage without a current result, and replace the old site by the newly rendered one.

    Returns the folder of the rendered site; the site's own folder may soon be replaced by another build.

    make_board: makes the leaderboard of the networks, if the site has one.
    """
    started = time.monotonic()
    config = request.config()
    for name in config.site.networks:
        content_of_base(config.network_of(name))  # raises where it is not there: now, not after hours of training
    with at_work(folders):
        chain = Chain(config, folders.work)
        photos = gather(chain)
        parts = split(chain, photos)
        networks = {name: build_network(chain, config.network_of(name), photos, parts) for name in config.site.networks}
        leakage = _measure_leakage(chain, photos, parts) if config.leakage.measure else None
        folds, ensemble = _measure_folds(chain, photos) if config.folds.measure else (None, {})
        board = make_board(chain, networks) if make_board else None
        shown = {"networks": networks, "leakage": leakage, "folds": folds, "board": board}
        rendered = chain.run(RENDER, shown, {"settings": config.as_dict()})
        replace_site(rendered, folders.site)
        learned_from = {
            "photos": photos.relative_to(chain.work).as_posix(),
            "split": parts.relative_to(chain.work).as_posix(),
        }
        write_record(
            request, config, folders, rendered=rendered, ensemble=ensemble,
            learned_from=dict.fromkeys(networks, learned_from), results=networks,
        )  # fmt: skip
    if not chain.ran:
        console.print("Nothing has changed since the last build.")
    console.print(summary_of(rendered, folders.site, time.monotonic() - started))
    return rendered


def _make_board(chain: Chain, networks: Mapping[str, NetworkResults], *, with_times: bool) -> Path:
    """Compare the networks; the first one is the reference for all others."""
    config, timed = chain.config, None
    if with_times:
        exported = {name: results.exported for name, results in networks.items()}
        timed = chain.run(TIMES, {"exported": exported}, {})
    times = {
        name: training_time(results.trained.parent, config.network_of(name).recipe.epochs)
        for name, results in networks.items()
    }
    settings = {"rules": config.evaluation, "training_times": times}
    return chain.run(BOARD, {"networks": networks, "timed": timed}, settings)


def _measure_folds(chain: Chain, photos: Path) -> tuple[Path, dict[str, Any]]:
    """Train and test the site's networks on every fold; returns the result, and the folders of each fold's networks."""
    config, names = chain.config, chain.config.site.networks
    made: dict[str, list[tuple[Path, Path, Path]]] = {name: [] for name in names}
    for fold in range(1, config.split.folds + 1):
        of_fold = chain.with_config(replace(config, split=replace(config.split, fold=fold)))
        parts = split(of_fold, photos)
        for name in names:
            console.print(f"fold {fold} of {config.split.folds}: {name}")
            made[name].append(train_and_test(of_fold, config.network_of(name), photos, parts))
    evaluated = {name: [figures for _, _, figures in made[name]] for name in names}
    measured = chain.run(FOLDS, {"photos": photos, "evaluated": evaluated}, {})
    ensemble = {
        name: [[folder.relative_to(chain.work).as_posix() for folder in folders[:2]] for folders in made[name]]
        for name in names
    }
    return measured, ensemble


def _measure_leakage(chain: Chain, photos: Path, parts: Path) -> Path:
    """Train the site's first network on the split and on a split by photo, and compare; returns the result."""
    config, network = chain.config, chain.config.network_of(chain.config.site.networks[0])
    shorter = replace(network, recipe=replace(network.recipe, epochs=config.leakage.epochs))
    stage = TRAIN if shorter.recipe == network.recipe else TRAIN_LEAKING
    leaking = chain.run(SPLIT_LEAKING, {"photos": photos, "split": parts}, {"seed": config.split.seed})
    inputs = {
        "photos": seen_by(chain, network, photos),
        "split": parts,
        "leaking": leaking,
        "trained": train(chain, stage, shorter, photos, parts),
        "trained_leaking": train(chain, TRAIN_LEAKING, shorter, photos, leaking),
    }
    return chain.run(LEAKAGE, inputs, {"rules": config.evaluation}, network=network.name)


def gather_data(request: Request, folders: Folders) -> tuple[Path, str | None]:
    """Run only the data stage, if it has no current result; a later build reuses the result.

    Returns its folder, and the reason why a build would refuse these data.
    """
    from builder.data.gather import UnfitForBuild

    chain = Chain(request.config(), folders.work)
    with at_work(folders):
        try:
            return gather(chain), None
        except UnfitForBuild as refusal:
            return gather(chain, most_left_out=1.0, fewest_classes=1), refusal.problem
