"""The stages that run for each network, from training to export, and the photos that all networks share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.config.networks import ResolvedNetwork
from builder.config.training import IMAGENET, NO_BASE, OTHER_BASE
from builder.errors import BuildError
from builder.files.ownership import content_hash
from builder.folders import NetworkResults
from builder.photo.size import WIDTH_PX
from builder.pipeline.chain import Chain
from builder.pipeline.stages import (
    AUGMENT,
    CALIBRATE,
    DRAW,
    DRAW_AT_WIDTH,
    EVALUATE,
    EXPORT,
    GATHER,
    GATHER_AT_WIDTH,
    OOD,
    SPLIT,
    TRAIN,
    Stage,
)
from builder.site.messages import classes_in_english
from builder.wording import in_home


def gather(chain: Chain, **allowed: Any) -> Path:
    """The photos, drawn or read; allowed: how bad the data may be, if not as a build decides."""
    config = chain.config
    if config.is_demo:
        return chain.run(DRAW, {}, {"rules": config.demo}, key=_drawn_by(config))
    return chain.run(GATHER, {}, {"data": config.data, **allowed}, key=[_source(config), allowed])


def split(chain: Chain, photos: Path) -> Path:
    """The folder with the parts: which photos train, validate and test."""
    return chain.run(SPLIT, {"photos": photos}, {"rules": chain.config.split})


def seen_by(chain: Chain, network: ResolvedNetwork, photos: Path) -> Path:
    """The photos in the network's input width; the split always comes from `photos`, for all networks."""
    config, width_px = chain.config, network.form.width_px
    if width_px == WIDTH_PX:
        return photos
    inputs, size = {"photos": photos}, {"width_px": width_px}
    if config.is_demo:
        return chain.run(DRAW_AT_WIDTH, inputs, {"rules": config.demo, **size}, key=[_drawn_by(config), width_px])
    return chain.run(GATHER_AT_WIDTH, inputs, {"data": config.data, **size}, key=[_source(config), width_px])


def build_network(chain: Chain, network: ResolvedNetwork, photos: Path, split: Path) -> NetworkResults:
    """Run the network's stages, from training to export."""
    config, name = chain.config, network.name
    trained, calibrated, evaluated = train_and_test(chain, network, photos, split)
    inputs = {"photos": seen_by(chain, network, photos), "split": split, "trained": trained}
    rules = {"rules": config.ood, "evaluation": config.evaluation}
    ood = chain.run(OOD, inputs, rules, network=name)
    inputs |= {"calibrated": calibrated, "ood": ood, "evaluated": evaluated}
    exported = chain.run(EXPORT, inputs, {"rules": config.export, "classes": classes_in_english()}, network=name)
    return NetworkResults(trained, calibrated, ood, evaluated, exported)


def train_and_test(chain: Chain, network: ResolvedNetwork, photos: Path, split: Path) -> tuple[Path, Path, Path]:
    """The result folders of a network's training, calibration and evaluation."""
    config, name = chain.config, network.name
    trained = train(chain, TRAIN, network, photos, split)
    inputs = {"photos": seen_by(chain, network, photos), "split": split, "trained": trained}
    calibrated = chain.run(CALIBRATE, inputs, {"rules": config.calibration}, network=name)
    inputs["calibrated"] = calibrated
    rules = {"rules": config.evaluation, "keep": network.recipe.keep}
    return trained, calibrated, chain.run(EVALUATE, inputs, rules, network=name)


def train(chain: Chain, stage: Stage, network: ResolvedNetwork, photos: Path, split: Path) -> Path:
    """Train a network, with augmented copies of the photos if its recipe asks for them."""
    inputs = {"photos": seen_by(chain, network, photos), "split": split}
    if network.recipe.augmentation == "copies":
        inputs["copies"] = chain.run(AUGMENT, inputs, {"rules": chain.config.augment})
    settings = {"network": network, "machines": chain.config.machines}
    part = f"epochs-{network.recipe.epochs}"
    return chain.run(stage, inputs, settings, key=training_key(chain.config, network), network=network.name, part=part)


def training_key(config: Config, network: ResolvedNetwork) -> dict[str, Any]:
    """The settings that decide a training; the number of epochs only if an epoch depends on it."""
    from builder.train.machines import how_many_train

    recipe = asdict(network.recipe)
    if not network.recipe.knows_its_end:  # more epochs go on from fewer
        del recipe["epochs"]
    return {
        "recipe": recipe,
        "layout": network.layout,
        "base": content_of_base(network),
        "machines": [config.machines.devices, how_many_train(config.machines), config.machines.precision],
    }


def content_of_base(network: ResolvedNetwork) -> str:
    """The initial weights of the network: a word, or the hash of a file. Raises a BuildError if the file is missing."""
    weights = network.form.base_weights
    if weights in (IMAGENET, NO_BASE):
        return weights
    if not in_home(weights).is_file():
        raise BuildError(f"there is no file {weights} of base weights", remedy=OTHER_BASE)
    return content_hash(in_home(weights))


def _drawn_by(config: Config) -> list[int]:
    return [config.demo.photos, config.demo.seed]


def _source(config: Config) -> Any:
    """The sources, and the state of their files."""
    from builder.data.gather import source_fingerprint

    return [asdict(config.data), source_fingerprint(config.data)]
