"""The order of the stages. Nothing else knows it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from builder.chain import Chain
from builder.pipeline.entries import (
    compare_ways,
    fingerprint,
    gather_photos,
    render_site,
    set_side_by_side,
    split_leaking,
    split_photos,
    spread_of_folds,
    time_in_browser,
)
from builder.pipeline.network_stages import (
    Built,
    build_network,
    content_of_base,
    seen_by,
    train,
    train_and_test,
)
from builder.pipeline.record import write_record
from builder.pipeline.request import Folders, Request
from builder.pipeline.safe_folders import at_work
from builder.pipeline.site_folder import put_in_place
from builder.progress import console
from builder.summary import summary_of
from builder.training_time import training_time


def build_leaderboard(request: Request, folders: Folders, *, with_times: bool) -> None:
    """Build the site with a page that sets its networks side by side; with_times: in a browser, if there is one."""
    from builder.leaderboard import BOARD
    from builder.leaderboard.table import print_table

    if with_times:
        from builder.leaderboard.times import open_browser

        with open_browser():
            pass  # raises where there is none: now, not after hours of training
    rendered = build_site(request, folders, partial(_make_board, with_times=with_times))
    print_table(json.loads((rendered / BOARD).read_text(encoding="utf-8")))


def build_site(request: Request, folders: Folders, make_board: Callable[..., Path] | None = None) -> Path:
    """Run every stage whose result is not there yet, and put the rendered site in place of the old one.

    Returns where it was rendered; what is in place may soon be another build's.

    make_board: makes the leaderboard of the networks, if the site is to have one.
    """
    started = time.monotonic()
    config = request.config()
    for name in config.site.networks:
        content_of_base(config, name)  # raises where it is not there: now, not after hours of training
    with at_work(folders):
        write_record(request, config, folders, finished=False)
        chain = Chain(config, folders.work)
        data = chain.run("data", fingerprint(config), gather_photos)
        split = chain.run("split", asdict(config.split), split_photos, data)
        networks = [build_network(chain, name, data, split) for name in config.site.networks]
        leakage = [_measure_leakage(chain, data, split)] if config.leakage.measure else []
        folds, ensemble = _measure_folds(chain, data) if config.folds.measure else ([], {})
        board = [make_board(chain, networks)] if make_board else []
        shown = [folder for built in networks for folder in (built.scoped, built.evaluated, built.exported)]
        rendered = chain.run("render", config.as_dict(), render_site, *shown, *leakage, *folds, *board)
        put_in_place(rendered, folders.site)
        write_record(request, config, folders, finished=True, rendered=rendered, ensemble=ensemble)
    if not chain.ran:
        console.print("Nothing has changed since the last build.")
    console.print(summary_of(rendered, folders.site, time.monotonic() - started))
    return rendered


def _make_board(chain: Chain, networks: list[Built], *, with_times: bool) -> Path:
    """The networks side by side; the first is the one that the others are compared with."""
    config = chain.config
    timed = []
    if with_times:
        # The networks' order decides which comes first by turns, so it belongs to the key.
        timed = [chain.run("times", config.site.networks, time_in_browser, *(built.exported for built in networks))]
    times = {
        name: training_time(built.trained.parent, config.recipe_of(name).epochs)
        for name, built in zip(config.site.networks, networks, strict=True)
    }
    results = [folder for built in networks for folder in (built.evaluated, built.exported)]
    settings = {"evaluation": asdict(config.evaluation), "training_times": times}
    return chain.run("board", settings, partial(set_side_by_side, training_times=times), *results, *timed)


def _measure_folds(chain: Chain, data: Path) -> tuple[list[Path], dict[str, Any]]:
    """Train and test the site's networks on every fold; returns the result, and where each fold's networks are."""
    config, names = chain.config, chain.config.site.networks
    made: dict[str, list[tuple[Path, Path, Path]]] = {name: [] for name in names}
    for fold in range(1, config.split.folds + 1):
        of_fold = chain.with_config(replace(config, split=replace(config.split, fold=fold)))
        split = of_fold.run("split", asdict(of_fold.config.split), split_photos, data)
        for name in names:
            console.print(f"fold {fold} of {config.split.folds}: {name}")
            made[name].append(train_and_test(of_fold, name, data, split))
    evaluated = [folders[2] for name in names for folders in made[name]]
    step = partial(spread_of_folds, networks=names)
    measured = chain.run("folds", {"networks": names, "folds": config.split.folds}, step, data, *evaluated)
    ensemble = {
        name: [[folder.relative_to(chain.work).as_posix() for folder in folders[:2]] for folders in made[name]]
        for name in names
    }
    return [measured], ensemble


def _measure_leakage(chain: Chain, data: Path, split: Path) -> Path:
    """Train the site's first network on the split as it is and on one by photo, and compare; returns the result."""
    config, name = chain.config, chain.config.site.networks[0]
    recipe = replace(config.recipe_of(name), epochs=config.leakage.epochs)
    stage = "train" if recipe == config.recipe_of(name) else "leakage-train"
    leaking = chain.run("leakage-split", config.split.seed, split_leaking, data, split)
    trained = train(chain, stage, name, recipe, data, split)
    also = train(chain, "leakage-train", name, recipe, data, leaking)
    inputs = (seen_by(chain, name, data), split, leaking, trained, also)
    return chain.run("leakage", asdict(config.evaluation), compare_ways, *inputs, network=name)


def gather_data(request: Request, folders: Folders) -> tuple[Path, str | None]:
    """Run the data stage alone, where its result is not there yet; a later build goes on from it.

    Returns its folder, and why a build would refuse what is in it.
    """
    from builder.data import UnfitForBuild, gather_photos

    config = request.config()
    chain = Chain(config, folders.work)
    with at_work(folders):
        try:
            return chain.run("data", fingerprint(config), gather_photos), None
        except UnfitForBuild as refusal:
            look = partial(gather_photos, most_left_out=1.0, fewest_kinds=1)
            return chain.run("data", [fingerprint(config), "looked at"], look), refusal.problem
