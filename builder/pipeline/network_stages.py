"""The stages that each network has for itself, from training to export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.config.training import IMAGENET, NO_BASE, OTHER_BASE, TrainingConfig
from builder.errors import BuildError
from builder.files.ownership import content_hash
from builder.photo.size import WIDTH_PX
from builder.pipeline.chain import Chain
from builder.pipeline.entries import (
    augment_training,
    calibrate_network,
    evaluate_network,
    export_network,
    fingerprint,
    fit_scope,
    gather_at_width,
    train_network,
)
from builder.train.timing import timed_training


@dataclass(frozen=True, slots=True)
class Built:
    """Where the stages have left what they made of one network."""

    trained: Path
    scoped: Path
    evaluated: Path
    exported: Path


def build_network(chain: Chain, name: str, data: Path, split: Path) -> Built:
    """From training to export."""
    config, run = chain.config, partial(chain.run, network=name)
    trained, calibrated, evaluated = train_and_test(chain, name, data, split)
    data = seen_by(chain, name, data)
    about_scope = {"scope": asdict(config.scope), "evaluation": asdict(config.evaluation)}
    scoped = run("scope", about_scope, fit_scope, data, split, trained)
    inputs = (data, split, trained, calibrated, scoped, evaluated)
    return Built(trained, scoped, evaluated, run("export", asdict(config.export), export_network, *inputs))


def train_and_test(chain: Chain, name: str, data: Path, split: Path) -> tuple[Path, Path, Path]:
    """The folders of a network's training, of its calibration, and of its figures on the test part."""
    config, run = chain.config, partial(chain.run, network=name)
    trained = train(chain, "train", name, config.network_of(name).recipe, data, split)
    data = seen_by(chain, name, data)
    calibrated = run("calibrate", asdict(config.calibration), calibrate_network, data, split, trained)
    evaluated = run("evaluate", asdict(config.evaluation), evaluate_network, data, split, trained, calibrated)
    return trained, calibrated, evaluated


def train(
    chain: Chain,
    stage: str,
    name: str,
    recipe: TrainingConfig,
    data: Path,
    split: Path,
    entry: Callable[..., None] = train_network,
) -> Path:
    """Train a network, on twins of the photos too where its recipe asks for them."""
    inputs = [seen_by(chain, name, data), split]
    if recipe.augmentation == "twins":
        inputs.append(chain.run("augment", asdict(chain.config.augment), augment_training, *inputs))
    machines = chain.config.machines
    settings = {
        **asdict(recipe),
        "machines": [machines.devices, machines.precision],
        "layout": chain.config.network_of(name).layout,
        "base": content_of_base(chain.config, name),
        "tf_keras": version("tf_keras"),
    }
    if not recipe.knows_its_end:  # more epochs go on from fewer
        del settings["epochs"]

    def step(*given: Path, into: Path, **arguments: Any) -> None:
        with timed_training(into.parent):
            entry(*given, name=name, recipe=recipe, into=into, **arguments)

    return chain.run(stage, settings, step, *inputs, network=name, part=f"epochs-{recipe.epochs}")


def seen_by(chain: Chain, name: str, data: Path) -> Path:
    """The photos as wide as the network sees them; the split is made of those in `data` for all."""
    width_px = chain.config.network_of(name).form.width_px
    if width_px == WIDTH_PX:
        return data
    settings = [fingerprint(chain.config), width_px]
    return chain.run("data", settings, partial(gather_at_width, width_px=width_px), data)


def content_of_base(config: Config, name: str) -> str:
    """What the network begins with: a word, or the content of a file. Raises a BuildError where there is none."""
    weights = config.network_of(name).form.base_weights
    if weights in (IMAGENET, NO_BASE):
        return weights
    if not Path(weights).is_file():
        raise BuildError(f"there is no file {weights} of base weights", remedy=OTHER_BASE)
    return content_hash(Path(weights))
