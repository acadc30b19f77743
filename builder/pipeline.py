"""The order of the stages. Nothing else knows it."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from builder.chain import DONE, REPOSITORY, Chain, content_hash
from builder.config import IMAGENET, NO_BASE, OTHER_BASE, Config, TrainingConfig, parse_setting, read_config
from builder.config_limits import SMALLEST_WIDTH_PX
from builder.errors import BuildError
from builder.folder_lock import locked
from builder.machines import strategy_of
from builder.progress import console
from builder.summary import summary_of
from builder.training_time import timed_training, training_time


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line: a config file and what was put on top of it."""

    config_file: Path
    source: str | None = None
    settings: tuple[str, ...] = ()

    def config(self) -> Config:
        return read_config(self.config_file, source=self.source, settings=list(self.settings))

    def changes(self) -> dict[tuple[str, ...], Any]:
        """What was put on top of the file, by table and key."""
        changes = dict(parse_setting(setting) for setting in self.settings)
        if self.source is not None:
            changes["data", "source"] = self.source
        return changes


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a build works and where its site goes."""

    work: Path = REPOSITORY / "work"
    site: Path = REPOSITORY / "site"

    @property
    def search(self) -> Path:
        return self.work / "search"

    @property
    def record(self) -> Path:
        return self.work / "last_build.json"


@dataclass(frozen=True, slots=True)
class Built:
    """Where the stages have left what they made of one network."""

    trained: Path
    scoped: Path
    evaluated: Path
    exported: Path


def build_leaderboard(request: Request, folders: Folders, *, with_times: bool) -> None:
    """Build the site with a page that sets its networks side by side; with_times: in a browser, if there is one."""
    from builder.leaderboard import BOARD
    from builder.leaderboard.table import print_table
    from builder.leaderboard.times import open_browser

    if with_times:
        with open_browser():
            pass  # raises where there is none: now, not after hours of training
    build_site(request, folders, partial(_make_board, with_times=with_times))
    print_table(json.loads((folders.site / BOARD).read_text(encoding="utf-8")))


def build_site(request: Request, folders: Folders, make_board: Callable[..., Path] | None = None) -> None:
    """Run every stage whose result is not there yet, and put the rendered site in place of the old one.

    make_board: makes the leaderboard of the networks, if the site is to have one.
    """
    started = time.monotonic()
    config = request.config()
    for name in config.site.networks:
        _content_of_base(config, name)  # raises where it is not there: now, not after hours of training
    with locked(folders.work):
        _write_record(request, config, folders, finished=False)
        chain = Chain(config, folders.work)
        data = chain.run("data", _fingerprint(config), _gather_photos)
        split = chain.run("split", asdict(config.split), _split_photos, data)
        networks = [_build_network(chain, name, data, split) for name in config.site.networks]
        leakage = [_measure_leakage(chain, data, split)] if config.leakage.measure else []
        folds, ensemble = _measure_folds(chain, data) if config.folds.measure else ([], {})
        board = [make_board(chain, networks)] if make_board else []
        shown = [folder for built in networks for folder in (built.scoped, built.evaluated, built.exported)]
        rendered = chain.run("render", config.as_dict(), _render_site, *shown, *leakage, *folds, *board)
        _put_in_place(rendered, folders.site)
        _write_record(request, config, folders, finished=True, ensemble=ensemble)
    if not chain.ran:
        console.print("Nothing has changed since the last build.")
    console.print(summary_of(folders.site, time.monotonic() - started))


def _build_network(chain: Chain, name: str, data: Path, split: Path) -> Built:
    """From training to export."""
    config, run = chain.config, partial(chain.run, network=name)
    trained, calibrated, evaluated = _train_and_test(chain, name, data, split)
    data = _seen_by(chain, name, data)
    about_scope = {"scope": asdict(config.scope), "evaluation": asdict(config.evaluation)}
    scoped = run("scope", about_scope, _fit_scope, data, split, trained)
    inputs = (data, split, trained, calibrated, scoped, evaluated)
    return Built(trained, scoped, evaluated, run("export", asdict(config.export), _export_network, *inputs))


def _make_board(chain: Chain, networks: list[Built], *, with_times: bool) -> Path:
    """The networks side by side; the first is the one that the others are compared with."""
    config = chain.config
    timed = []
    if with_times:
        # The networks' order decides which comes first by turns, so it belongs to the key.
        timed = [chain.run("times", config.site.networks, _time_in_browser, *(built.exported for built in networks))]
    times = {
        name: training_time(built.trained.parent, config.recipe_of(name).epochs)
        for name, built in zip(config.site.networks, networks, strict=True)
    }
    results = [folder for built in networks for folder in (built.evaluated, built.exported)]
    settings = {"evaluation": asdict(config.evaluation), "training_times": times}
    return chain.run("board", settings, partial(_set_side_by_side, training_times=times), *results, *timed)


def _train_and_test(chain: Chain, name: str, data: Path, split: Path) -> tuple[Path, Path, Path]:
    """The folders of a network's training, of its calibration, and of its figures on the test part."""
    config, run = chain.config, partial(chain.run, network=name)
    trained = _train(chain, "train", name, config.recipe_of(name), data, split)
    data = _seen_by(chain, name, data)
    calibrated = run("calibrate", asdict(config.calibration), _calibrate_network, data, split, trained)
    evaluated = run("evaluate", asdict(config.evaluation), _evaluate_network, data, split, trained, calibrated)
    return trained, calibrated, evaluated


def _measure_folds(chain: Chain, data: Path) -> tuple[list[Path], dict[str, Any]]:
    """Train and test the site's networks on every fold; returns the result, and where each fold's networks are."""
    config, names = chain.config, chain.config.site.networks
    made: dict[str, list[tuple[Path, Path, Path]]] = {name: [] for name in names}
    for fold in range(1, config.split.folds + 1):
        of_fold = Chain(replace(config, split=replace(config.split, fold=fold)), chain.work)
        split = of_fold.run("split", asdict(of_fold.config.split), _split_photos, data)
        for name in names:
            console.print(f"fold {fold} of {config.split.folds}: {name}")
            made[name].append(_train_and_test(of_fold, name, data, split))
        chain.ran += of_fold.ran
    evaluated = [folders[2] for name in names for folders in made[name]]
    step = partial(_spread_of_folds, networks=names)
    measured = chain.run("folds", {"networks": names, "folds": config.split.folds}, step, data, *evaluated)
    ensemble = {
        name: [[folder.relative_to(chain.work).as_posix() for folder in folders[:2]] for folders in made[name]]
        for name in names
    }
    return [measured], ensemble


def _train(
    chain: Chain,
    stage: str,
    name: str,
    recipe: TrainingConfig,
    data: Path,
    split: Path,
    entry: Callable[..., None] | None = None,
) -> Path:
    """Train a network, on twins of the photos too where its recipe asks for them."""
    inputs = [_seen_by(chain, name, data), split]
    if recipe.augmentation == "twins":
        inputs.append(chain.run("augment", asdict(chain.config.augment), _augment_training, *inputs))
    machines = chain.config.machines
    settings = {
        **asdict(recipe),
        "machines": [machines.devices, machines.precision],
        "layout": chain.config.layout_of(name),
        "base": _content_of_base(chain.config, name),
        "tf_keras": version("tf_keras"),
    }
    if not recipe.knows_its_end:  # more epochs go on from fewer
        del settings["epochs"]

    def step(*given: Path, into: Path, **arguments: Any) -> None:
        with timed_training(into.parent):
            (entry or _train_network)(*given, name=name, recipe=recipe, into=into, **arguments)

    return chain.run(stage, settings, step, *inputs, network=name, part=f"epochs-{recipe.epochs}")


def _seen_by(chain: Chain, name: str, data: Path) -> Path:
    """The photos as wide as the network sees them; the split is made of those in `data` for all."""
    width_px = chain.config.form_of(name).width_px
    if width_px == SMALLEST_WIDTH_PX:
        return data
    settings = [_fingerprint(chain.config), width_px]
    return chain.run("data", settings, partial(_gather_at_width, width_px=width_px), data)


def _content_of_base(config: Config, name: str) -> str:
    """What the network begins with: a word, or the content of a file. Raises a BuildError where there is none."""
    weights = config.form_of(name).base_weights
    if weights in (IMAGENET, NO_BASE):
        return weights
    if not Path(weights).is_file():
        raise BuildError(f"there is no file {weights} of base weights", remedy=OTHER_BASE)
    return content_hash(Path(weights))


def _measure_leakage(chain: Chain, data: Path, split: Path) -> Path:
    """Train the site's first network on the split as it is and on one by photo, and compare; returns the result."""
    config, name = chain.config, chain.config.site.networks[0]
    recipe = replace(config.recipe_of(name), epochs=config.leakage.epochs)
    stage = "train" if recipe == config.recipe_of(name) else "leakage-train"
    leaking = chain.run("leakage-split", config.split.seed, _split_leaking, data, split)
    trained = _train(chain, stage, name, recipe, data, split)
    also = _train(chain, "leakage-train", name, recipe, data, leaking)
    inputs = (_seen_by(chain, name, data), split, leaking, trained, also)
    return chain.run("leakage", asdict(config.evaluation), _compare_ways, *inputs, network=name)


def search_settings(request: Request, folders: Folders) -> None:
    """Try what [search] asks for, as far as it has not been tried; tell and save what came of it."""
    from builder.search import combinations_of, run_search
    from builder.search.results import CAVEAT, best_of, rows_of, table_of, write_results

    config = request.config()
    rules, name = config.search, config.search.network
    combinations_of(rules)  # refuses a space that is too large, before anything is fetched or drawn
    chain = Chain(config, folders.work)
    with locked(folders.work):
        data = chain.run("data", _fingerprint(config), _gather_photos)
        folds = _deal_for_search(chain, data)

        def try_settings(settings: dict[str, Any], fold: int) -> Any:
            tried = config.with_own(name, settings)
            recipe = tried.recipe_of(name)
            done = _train(Chain(tried, folders.work), "search", name, recipe, data, folds[fold - 1], _try_settings)
            return json.loads((done / "score.json").read_text(encoding="utf-8"))

        rows = rows_of(run_search(rules, try_settings, _study_of(chain, data, folds)), rules)
        best = best_of(rows, rules)
        write_results(rows, best, rules, folders.search)
        file = _write_best(request, config, best["settings"], folders.search)
    console.print(table_of(rows, best, rules))
    console.print(f"{CAVEAT}\nTo build with the best: python build.py --config {file}")


def _deal_for_search(chain: Chain, data: Path) -> list[Path]:
    """The folds of the lesions that are not the test part's."""
    rules = chain.config.search
    split = chain.run("split", asdict(chain.config.split), _split_photos, data)
    return [
        chain.run("search-split", [rules.folds, rules.seed, fold], partial(_split_fold, fold=fold), data, split)
        for fold in range(1, rules.folds + 1)
    ]


def _study_of(chain: Chain, data: Path, folds: list[Path]) -> Path:
    """Where the trials are kept that were tried under the same conditions; more trials go on from fewer."""
    config, rules = chain.config, chain.config.search
    conditions = {
        "rules": {**asdict(rules), "trials": None},
        "recipe": asdict(config.recipe_of(rules.network)),
        "layout": config.layout_of(rules.network),
        "width_px": config.form_of(rules.network).width_px,
        "base": _content_of_base(config, rules.network),
        "augment": asdict(config.augment),
        "tf_keras": version("tf_keras"),
    }
    study, _ = chain.place("search", conditions, data, *folds, network=rules.network)
    study.mkdir(parents=True, exist_ok=True)
    return study


def _write_best(request: Request, config: Config, settings: dict[str, Any], into: Path) -> Path:
    """Save the config that a build with the best settings takes; returns its file."""
    from builder.search.results import BEST, best_config

    name, shown = config.search.network, config.site.networks
    own = {each: _said_by_hand(config, each) for each in (shown if name in shown else (name, *shown))}
    own[name] |= settings
    (into / BEST).write_text(best_config(request.config_file, request.changes(), own), encoding="utf-8")
    return into / BEST


def _said_by_hand(config: Config, network: str) -> dict[str, Any]:
    """What the command line says of all networks, which goes before a network's own file as a config's does not."""
    made = {**asdict(config.form_of(network)), **asdict(config.recipe_of(network))}
    return {key: made[key] for key in sorted(config.set_by_hand)}


def gather_data(request: Request, folders: Folders) -> tuple[Path, str | None]:
    """Run the data stage alone, where its result is not there yet; a later build goes on from it.

    Returns its folder, and why a build would refuse what is in it.
    """
    from builder.data import TooManyLeftOut, gather_photos

    config = request.config()
    chain = Chain(config, folders.work)
    with locked(folders.work):
        try:
            return chain.run("data", _fingerprint(config), _gather_photos), None
        except TooManyLeftOut as refusal:
            look = partial(gather_photos, most_left_out=1.0)
            return chain.run("data", [_fingerprint(config), "looked at"], look), refusal.problem


def refuse_if_outdated(folders: Folders) -> None:
    """Raise a BuildError if the site is not what its config asks for: its build failed, or the config has changed."""
    remedy = "run python build.py, with the same options as before, and publish then"
    if not folders.record.is_file() or not (folders.site / "index.html").is_file():
        raise BuildError("there is no built site yet", remedy=remedy)
    record = json.loads(folders.record.read_text(encoding="utf-8"))
    if not record["finished"]:
        raise BuildError("the last build did not finish, the site is an older one", remedy=remedy)
    request = Request(Path(record["config_file"]), record["source"], tuple(record["settings"]))
    if request.config().as_dict() != record["config"]:
        raise BuildError(f"the site is older than {request.config_file.name}", remedy=remedy)


def _write_record(
    request: Request, config: Config, folders: Folders, *, finished: bool, ensemble: dict[str, Any] | None = None
) -> None:
    """Note what is being built, for `publish` to compare, and where the networks of all folds are, for `predict`."""
    folders.work.mkdir(parents=True, exist_ok=True)
    record = {
        "finished": finished,
        "config_file": str(request.config_file.resolve()),
        "source": request.source,
        "settings": request.settings,
        "config": config.as_dict(),
        **({"ensemble": ensemble} if ensemble else {}),
    }
    folders.record.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _fingerprint(config: Config) -> Any:
    from builder.data import source_fingerprint

    return source_fingerprint(config)


def _entry_of(module: str, entry: str, *, needs_tensorflow: bool = False) -> Callable[..., None]:
    """A stage's entry, imported when it is run: one that need not costs nothing, least of all TensorFlow's start."""

    def run(*inputs: Path, **arguments: Any) -> None:
        if needs_tensorflow and "builder.quiet_tensorflow" not in sys.modules:
            console.print("starting TensorFlow")
        if needs_tensorflow:
            strategy_of(arguments["config"].machines)
        getattr(importlib.import_module(module), entry)(*inputs, **arguments)

    return run


_gather_photos = _entry_of("builder.data", "gather_photos")
_gather_at_width = _entry_of("builder.data", "gather_at_width")
_split_photos = _entry_of("builder.split", "split_photos")
_augment_training = _entry_of("builder.augment", "augment_training")
_train_network = _entry_of("builder.train", "train_network", needs_tensorflow=True)
_calibrate_network = _entry_of("builder.calibrate", "calibrate_network", needs_tensorflow=True)
_fit_scope = _entry_of("builder.scope", "fit_scope", needs_tensorflow=True)
_evaluate_network = _entry_of("builder.evaluate", "evaluate_network", needs_tensorflow=True)
_export_network = _entry_of("builder.export", "export_network", needs_tensorflow=True)
_split_fold = _entry_of("builder.search.fold", "split_fold")
_try_settings = _entry_of("builder.search.fold", "try_settings", needs_tensorflow=True)
_spread_of_folds = _entry_of("builder.folds", "measure_folds")
_split_leaking = _entry_of("builder.leakage", "split_leaking")
_compare_ways = _entry_of("builder.leakage", "measure_leakage", needs_tensorflow=True)
_time_in_browser = _entry_of("builder.leaderboard.times", "time_in_browser")
_set_side_by_side = _entry_of("builder.leaderboard.board", "make_board")
_render_site = _entry_of("builder.render", "render_site")


def _put_in_place(rendered: Path, site: Path) -> None:
    """Replace the site in one move, so that whoever looks sees the old one or the new one, never half of one."""
    if _listing(rendered) == _listing(site):
        return
    fresh, old = site.with_name(site.name + ".new"), site.with_name(site.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(rendered, fresh)
    (fresh / DONE).unlink()
    if (site / ".gitignore").exists():
        shutil.copy2(site / ".gitignore", fresh)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file; copying keeps both."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in (DONE, ".gitignore"):
            status = file.stat()
            found[file.relative_to(folder).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found
