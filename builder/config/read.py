"""Reads `config.toml`: every number of the build, as frozen dataclasses."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from builder.config.checks import checked, keys_of, refuse_unknown, shown, within
from builder.errors import BuildError
from builder.files.regular import read_text
from builder.network import design_of, network_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 1_000_000  # of a config file


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
class NetworkConfig:
    base_weights: str
    width_px: int


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
    plain_share: float
    frozen_epochs: int
    fine_tune_from: str
    fine_tune_rate: float
    seed: int

    @property
    def knows_its_end(self) -> bool:
        """Whether an epoch depends on how many are to come: AdamW's rate falls to zero, the last ones may be plain."""
        return self.optimizer == "adamw" or self.plain_share > 0

    @property
    def averages(self) -> bool:
        """Whether a moving average of the weights is what is kept."""
        return self.optimizer == "adamw" and self.averaging_epochs > 0

    def is_plain(self, epoch: int) -> bool:
        """Whether that epoch, counted from 1, is one of those that show photos as they are, mirrored at most."""
        return epoch > self.epochs - round(self.plain_share * self.epochs)


@dataclass(frozen=True, slots=True)
class MachinesConfig:
    devices: str
    precision: str
    patience_s: float


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
class FoldsConfig:
    measure: bool


@dataclass(frozen=True, slots=True)
class SearchConfig:
    network: str
    method: str
    trials: int
    folds: int
    figure: str
    seed: int
    space: Mapping[str, tuple[Any, ...]]


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

    own: by network, what a table of its name says of it and its layout.
    set_by_hand: the keys of [network] and [training] that were.
    """

    data: DataConfig
    demo: DemoConfig
    split: SplitConfig
    augment: AugmentConfig
    network: NetworkConfig
    training: TrainingConfig
    machines: MachinesConfig
    calibration: CalibrationConfig
    scope: ScopeConfig
    evaluation: EvaluationConfig
    leakage: LeakageConfig
    folds: FoldsConfig
    search: SearchConfig
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
        own = self._own(network)
        recipe = replace(self.training, **{key: own[key] for key in get_type_hints(TrainingConfig) if key in own})
        # A base drawn at random has learned nothing that would have to be kept.
        return recipe if self.form_of(network).base_weights != NO_BASE else replace(recipe, frozen_epochs=0)

    def form_of(self, network: str) -> NetworkConfig:
        """How wide that network's input is and what it begins with, by the same order; without a base, with none."""
        own = self._own(network)
        form = replace(self.network, **{key: own[key] for key in get_type_hints(NetworkConfig) if key in own})
        return form if design_of(network).base else replace(form, base_weights=NO_BASE)

    def _own(self, network: str) -> dict[str, Any]:
        own = dict(design_of(network).recipe)
        for key in ("epochs", "keep"):
            on_demo = own.pop(f"demo_{key}", getattr(self.training, key))
            if self.is_demo:
                own[key] = on_demo
        own = _read_own(own, network, f"builder/network/{network}.py")
        own = {key: value for key, value in own.items() if key not in self.set_by_hand}
        before_all = {key: value for key, value in self.own.get(network, {}).items() if key in RECIPE}
        return {**own, **before_all}

    def layout_of(self, network: str) -> dict[str, Any]:
        """What that network's layout is told: its defaults, and before them a table of the network's name."""
        own = self.own.get(network, {})
        return {key: own.get(key, setting.default) for key, setting in design_of(network).settings.items()}

    def with_own(self, network: str, settings: Mapping[str, Any]) -> Config:
        """The same, with more said in the table of that network."""
        return replace(self, own={**self.own, network: {**self.own.get(network, {}), **settings}})

    def as_dict(self) -> dict[str, Any]:
        """The file as it was read, and by what form, recipe and layout each network of the site is made.

        Without [search], on which no site depends.
        """
        tables = {section: asdict(getattr(self, section)) for section in SECTIONS if section != "search"}
        tables["site"]["networks"] = list(self.site.networks)  # as JSON gives it back
        made = {
            name: {**asdict(self.form_of(name)), **asdict(self.recipe_of(name)), **self.layout_of(name)}
            for name in self.site.networks
        }
        return {**tables, "networks": made}


SECTIONS: dict[str, type] = {
    name: kind for name, kind in get_type_hints(Config).items() if name not in ("own", "set_by_hand")
}

OWN = {"network": NetworkConfig, "training": TrainingConfig}  # of these sections a network may say something else
RECIPE = {key: (section, hint) for section, of in OWN.items() for key, hint in get_type_hints(of).items()}
IMAGENET, NO_BASE = "imagenet", "none"  # what base_weights may say beside the name of a file
OTHER_BASE = "set network.base_weights to a file of these weights, or to none to train from the start"


def read_config(file: Path, *, source: str | None = None, settings: list[str] | None = None) -> Config:
    """Read `file`, then `--data` and `--set section.key=value` on top of it.

    On demo data `demo.epochs` and `demo.keep` take the place of those of `training`, unless set by hand there.
    """
    tables = _read_toml(file)
    changed = [_apply_setting(tables, setting) for setting in settings or []]
    if source is not None:
        _table(tables, "data", str(file))["source"] = source
    sections = {
        name: _read_section(_table(tables, name, str(file)), name, kind, str(file))
        for name, kind in SECTIONS.items()
        if name != "search"
    }
    sections["search"] = _read_search(_table(tables, "search", str(file)), str(file))
    own = {
        name: _read_own(_table(tables, name, str(file)), name, str(file)) for name in network_names() if name in tables
    }
    if unknown := sorted(set(tables) - set(SECTIONS) - set(own)):
        raise BuildError(
            f"{file}: unknown table {shown(unknown[0])}",
            remedy=f"it may hold: {', '.join((*SECTIONS, *network_names()))}",
        )
    by_hand = frozenset(key for section, _, key in (name.partition(".") for name in changed) if section in OWN)
    if sections["data"].source == "demo":
        for_demo = {key: getattr(sections["demo"], key) for key in ("epochs", "keep") if key not in by_hand}
        sections["training"] = replace(sections["training"], **for_demo)
    config = Config(**sections, own=own, set_by_hand=by_hand)
    if len(set(config.site.networks)) < len(config.site.networks) or not config.site.networks:
        raise BuildError(
            f"site.networks is {shown(list(config.site.networks))}", remedy="name at least one network, each once"
        )
    if config.folds.measure and config.split.rule != "k-fold":
        raise BuildError(
            f"folds.measure is true, and split.rule is '{config.split.rule}'",
            remedy="set split.rule to 'k-fold', or name the number of folds with --folds",
        )
    address = config.site.address
    if address and not (address.startswith(("https://", "http://")) and address.isprintable() and " " not in address):
        raise BuildError(f"site.address is {shown(address)}", remedy="it must begin with https://, or be empty")
    for network in config.site.networks:
        _refuse_crooked(config.form_of(network), network)  # raises too where there is no such network
    return config


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file, MOST_BYTES))
    except FileNotFoundError:
        raise BuildError(f"there is no file {file}", remedy="name a TOML file with --config") from None
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}", remedy="name a TOML file with --config") from None
    except UnicodeDecodeError as error:
        raise BuildError(f"{file} cannot be read: {error}", remedy="name a TOML file with --config") from None
    except RecursionError:
        raise BuildError(f"{file} is nested too deeply", remedy="name a TOML file with --config") from None
    except ValueError as error:  # of TOML, or of a number that is too long
        raise BuildError(f"{file} is not valid TOML: {error}", remedy="mend that line") from None


def _apply_setting(tables: dict[str, Any], setting: str) -> str:
    (*path, key), value = parse_setting(setting)
    table = tables
    for part in path:
        table = _table(table, part, "--set")
    table[key] = value
    return ".".join((*path, key))


def parse_setting(setting: str) -> tuple[tuple[str, ...], Any]:
    """The tables and the key that `--set` names, and the value."""
    name, equals, text = setting.partition("=")
    section, dot, key = name.strip().rpartition(".")
    if not (equals and dot):
        raise BuildError(
            f"--set {shown(setting)}: not of the form section.key=value", remedy="for example --set training.epochs=5"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()  # a bare word is a string
    if isinstance(value, str):
        value = value.strip()
    return (*section.split("."), key), value


def _table(tables: dict[str, Any], section: str, where: str) -> dict[str, Any]:
    table = tables.setdefault(section, {})
    if not isinstance(table, dict):
        raise BuildError(f"{where}: {shown(section)} is not a table", remedy="write it as a table, as [training]")
    return table


def _read_section(table: dict[str, Any], section: str, kind: type, where: str) -> Any:
    return kind(**_read_values(table, section, get_type_hints(kind), where))


def _read_values(table: dict[str, Any], section: str, hints: dict[str, Any], where: str) -> dict[str, Any]:
    refuse_unknown(table, section, hints, where)
    if missing := [key for key in hints if key not in table]:
        raise BuildError(f"{where} [{section}]: the key '{missing[0]}' is missing", remedy=keys_of(hints))
    return {key: checked(section, key, table[key], hint) for key, hint in hints.items()}


def _read_own(table: dict[str, Any], network: str, where: str) -> dict[str, Any]:
    """What a network's own file, or a table of its name, says otherwise than [network] and [training]."""
    settings = design_of(network).settings
    refuse_unknown(table, network, {**RECIPE, **settings}, where)
    return {key: _checked_own(network, key, value) for key, value in table.items()}


def _checked_own(network: str, key: str, value: Any) -> Any:
    """A setting of the network's recipe, or one of its layout."""
    if key in RECIPE:
        section, hint = RECIPE[key]
        return checked(section, key, value, hint)
    setting = design_of(network).settings[key]
    return within(f"{network}.{key}", value, setting.kind, setting.words, setting.limits)


def _read_search(table: dict[str, Any], where: str) -> SearchConfig:
    """[search], and of [search.space] the values that each setting of the network is to be tried with."""
    space = _table(table, "space", where)
    hints = {key: hint for key, hint in get_type_hints(SearchConfig).items() if key != "space"}
    rules = _read_values({key: table[key] for key in table if key != "space"}, "search", hints, where)
    network = rules["network"]
    searched = {
        **get_type_hints(TrainingConfig),
        **design_of(network).settings,
    }  # not [network]: the photos depend on it
    refuse_unknown(space, "search.space", searched, where)
    if not space:
        raise BuildError(f"{where} [search.space] is empty", remedy="name a setting with a list, as epochs = [10, 20]")
    return SearchConfig(**rules, space={key: _values(network, key, values) for key, values in space.items()})


def _values(network: str, key: str, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list) or not values:
        raise BuildError(
            f"search.space.{key} is {shown(values)}", remedy=f"it must be a list of values, as {key} = [1, 2]"
        )
    each = tuple(_checked_own(network, key, value) for value in values)
    if len(set(each)) < len(each):
        raise BuildError(f"search.space.{key} is {shown(values)}", remedy="name each value once")
    return each


def _refuse_crooked(form: NetworkConfig, network: str) -> None:
    if form.width_px % 4:
        raise BuildError(
            f"the network '{network}' is to see {form.width_px} pixels across",
            remedy="set network.width_px to a multiple of four, so that the height, three quarters, is a whole number",
        )
