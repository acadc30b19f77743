"""Reads `config.toml`: every number of the build, as frozen dataclasses."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from builder.errors import BuildError
from builder.network import design_of, network_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class DataConfig:
    source: str
    test_source: str


@dataclass(frozen=True, slots=True)
class DemoConfig:
    photos: int
    seed: int
    epochs: int
    keep: str


@dataclass(frozen=True, slots=True)
class SplitConfig:
    rule: str
    test_share: float
    validation_share: float
    folds: int
    fold: int
    seed: int


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    mirror_share: float
    zoom_keep_share: float
    seed: int


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    epochs: int
    keep: str
    augmentation: str
    batch_photos: int
    optimizer: str
    learning_rate: float
    decay: float
    weight_decay: float
    warm_up_epochs: float
    averaging_epochs: float
    label_smoothing: float
    class_balance: float
    mix_up: float
    seed: int

    @property
    def knows_its_end(self) -> bool:
        """Whether an epoch depends on how many are to come: AdamW's learning rate falls to zero with the last one."""
        return self.optimizer == "adamw"


@dataclass(frozen=True, slots=True)
class CalibrationConfig:
    malignant_sensitivity: float
    sure_right: float
    fairly_sure_right: float
    fewest_photos: int


@dataclass(frozen=True, slots=True)
class ScopeConfig:
    refused_share: float
    seed: int


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    resamples: int
    fewest_lesions: int
    fewest_lesions_a_side: int
    seed: int


@dataclass(frozen=True, slots=True)
class LeakageConfig:
    measure: bool
    epochs: int


@dataclass(frozen=True, slots=True)
class ExportConfig:
    weights: str


@dataclass(frozen=True, slots=True)
class SiteConfig:
    networks: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file, a section per stage; `training.epochs` is already the one for the data at hand.

    own: by network, what a table of its name says of its training. set_by_hand: the keys of [training] that were.
    """

    data: DataConfig
    demo: DemoConfig
    split: SplitConfig
    augment: AugmentConfig
    training: TrainingConfig
    calibration: CalibrationConfig
    scope: ScopeConfig
    evaluation: EvaluationConfig
    leakage: LeakageConfig
    export: ExportConfig
    site: SiteConfig
    own: Mapping[str, Mapping[str, Any]]
    set_by_hand: frozenset[str]

    @property
    def is_demo(self) -> bool:
        return self.data.source == "demo"

    def recipe_of(self, network: str) -> TrainingConfig:
        """How that network is trained on the data at hand.

        [training] stands for all networks. The network's own file goes before it, and what was set by hand before
        that; a table of the network's name goes before everything.
        """
        own = dict(design_of(network).recipe)
        for key in ("epochs", "keep"):
            on_demo = own.pop(f"demo_{key}", getattr(self.training, key))
            if self.is_demo:
                own[key] = on_demo
        own = _read_own(own, network, f"builder/network/{network}.py")
        own = {key: value for key, value in own.items() if key not in self.set_by_hand}
        return replace(self.training, **{**own, **self.own.get(network, {})})

    def as_dict(self) -> dict[str, Any]:
        """The file as it was read, and the recipe that each network of the site is trained by."""
        tables = {section: asdict(getattr(self, section)) for section in SECTIONS}
        tables["site"]["networks"] = list(self.site.networks)  # as JSON gives it back
        return {**tables, "networks": {name: asdict(self.recipe_of(name)) for name in self.site.networks}}


SECTIONS: dict[str, type] = {
    name: kind for name, kind in get_type_hints(Config).items() if name not in ("own", "set_by_hand")
}

# What each number may be: (section, key) -> (lowest, highest). Unlisted ones may be anything of their type.
LIMITS: dict[tuple[str, str], tuple[float, float]] = {
    ("demo", "photos"): (70, 1_000_000),  # fewer may leave a class out of a part of the split
    ("demo", "seed"): (0, 2**32 - 1),
    ("demo", "epochs"): (1, 10_000),
    ("split", "test_share"): (0.01, 0.99),
    ("split", "validation_share"): (0.01, 0.99),
    ("split", "folds"): (2, 100),
    ("split", "fold"): (1, 100),
    ("split", "seed"): (0, 2**32 - 1),
    ("augment", "mirror_share"): (0, 1),
    ("augment", "zoom_keep_share"): (0.1, 1),
    ("augment", "seed"): (0, 2**32 - 1),
    ("training", "epochs"): (1, 10_000),
    ("training", "batch_photos"): (1, 10_000),
    ("training", "learning_rate"): (1e-12, 10),
    ("training", "decay"): (0, 1),
    ("training", "weight_decay"): (0, 10),
    ("training", "warm_up_epochs"): (0, 1000),
    ("training", "averaging_epochs"): (0, 1000),
    ("training", "label_smoothing"): (0, 0.9),
    ("training", "class_balance"): (0, 1),
    ("training", "mix_up"): (0, 10),
    ("training", "seed"): (0, 2**32 - 1),
    ("calibration", "malignant_sensitivity"): (0, 1),
    ("calibration", "sure_right"): (0, 1),
    ("calibration", "fairly_sure_right"): (0, 1),
    ("calibration", "fewest_photos"): (1, 1_000_000),
    ("scope", "refused_share"): (0, 0.5),
    ("scope", "seed"): (0, 2**32 - 1),
    ("evaluation", "resamples"): (10, 1_000_000),
    ("evaluation", "fewest_lesions"): (1, 1_000_000),
    ("evaluation", "fewest_lesions_a_side"): (1, 1_000_000),
    ("evaluation", "seed"): (0, 2**32 - 1),
    ("leakage", "epochs"): (1, 10_000),
}
WORDS = {
    ("split", "rule"): ("auto", "by lesion", "k-fold", "own"),
    ("demo", "keep"): ("last", "best"),
    ("training", "keep"): ("last", "best"),
    ("training", "augmentation"): ("twins", "random"),
    ("training", "optimizer"): ("rmsprop", "adamw"),
    ("export", "weights"): ("mixed", "float32"),
}


def read_config(file: Path, *, source: str | None = None, settings: list[str] | None = None) -> Config:
    """Read `file`, then `--data` and `--set section.key=value` on top of it.

    On demo data `demo.epochs` and `demo.keep` take the place of those of `training`, unless set by hand there.
    """
    tables = _read_toml(file)
    changed = [_apply_setting(tables, setting) for setting in settings or []]
    if source is not None:
        _table(tables, "data", str(file))["source"] = source
    sections = {
        name: _read_section(_table(tables, name, str(file)), name, kind, str(file)) for name, kind in SECTIONS.items()
    }
    own = {
        name: _read_own(_table(tables, name, str(file)), name, str(file)) for name in network_names() if name in tables
    }
    if unknown := sorted(set(tables) - set(SECTIONS) - set(own)):
        raise BuildError(
            f"{file}: unknown table [{unknown[0]}]",
            remedy=f"it may hold: {', '.join((*SECTIONS, *network_names()))}",
        )
    by_hand = frozenset(key for section, _, key in (name.partition(".") for name in changed) if section == "training")
    if sections["data"].source == "demo":
        for_demo = {key: getattr(sections["demo"], key) for key in ("epochs", "keep") if key not in by_hand}
        sections["training"] = replace(sections["training"], **for_demo)
    config = Config(**sections, own=own, set_by_hand=by_hand)
    if len(set(config.site.networks)) < len(config.site.networks) or not config.site.networks:
        raise BuildError(
            f"site.networks is {list(config.site.networks)}", remedy="name at least one network, each once"
        )
    for network in config.site.networks:
        config.recipe_of(network)  # raises where there is no such network
    return config


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BuildError(f"there is no file {file}", remedy="name a TOML file with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{file} cannot be read: {error}", remedy="name a TOML file with --config") from None
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{file} is not valid TOML: {error}", remedy="mend that line") from None


def _apply_setting(tables: dict[str, Any], setting: str) -> str:
    name, equals, text = setting.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot):
        raise BuildError(
            f"--set {setting}: not of the form section.key=value", remedy="for example --set training.epochs=5"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()  # a bare word is a string
    if isinstance(value, str):
        value = value.strip()
    _table(tables, section, "--set")[key] = value
    return f"{section}.{key}"


def _table(tables: dict[str, Any], section: str, where: str) -> dict[str, Any]:
    table = tables.setdefault(section, {})
    if not isinstance(table, dict):
        raise BuildError(f"{where}: '{section}' is not a table", remedy=f"write it as [{section}]")
    return table


def _read_section(table: dict[str, Any], section: str, kind: type, where: str) -> Any:
    hints = get_type_hints(kind)
    _refuse_unknown(table, section, hints, where)
    if missing := [key for key in hints if key not in table]:
        raise BuildError(f"{where} [{section}]: the key '{missing[0]}' is missing", remedy=_needed(hints))
    return kind(**{key: _checked(section, key, table[key], hint) for key, hint in hints.items()})


def _read_own(table: dict[str, Any], network: str, where: str) -> dict[str, Any]:
    """What a network's own file, or a table of its name, says otherwise than [training]."""
    hints = get_type_hints(TrainingConfig)
    _refuse_unknown(table, network, hints, where)
    return {key: _checked("training", key, value, hints[key]) for key, value in table.items()}


def _refuse_unknown(table: dict[str, Any], section: str, hints: dict[str, Any], where: str) -> None:
    if unknown := sorted(set(table) - set(hints)):
        raise BuildError(f"{where} [{section}]: unknown key '{unknown[0]}'", remedy=_needed(hints))


def _needed(hints: dict[str, Any]) -> str:
    return f"its keys are: {', '.join(hints)}"


def _checked(section: str, key: str, value: Any, hint: Any) -> Any:
    if hint is float and type(value) is int:
        value = float(value)
    if hint == tuple[str, ...]:
        value = _list_of_words(value)
        hint = tuple
    words, limits = WORDS.get((section, key)), LIMITS.get((section, key))
    wanted = None
    if type(value) is not hint:
        wanted = {
            int: "a whole number",
            float: "a number",
            str: "a word",
            bool: "true or false",
            tuple: 'a list of words, as ["compact", "cnn"]',
        }[hint]
    elif words and value not in words:
        wanted = f"one of: {', '.join(words)}"
    elif limits and not limits[0] <= value <= limits[1]:
        wanted = f"from {limits[0]:g} to {limits[1]:g}"
    if wanted:
        raise BuildError(f"{section}.{key} is {value!r}", remedy=f"it must be {wanted}")
    return value


def _list_of_words(value: Any) -> Any:
    """A tuple of words; on the command line, words with commas between them will do."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return tuple(value) if isinstance(value, list) and all(isinstance(word, str) for word in value) else value
