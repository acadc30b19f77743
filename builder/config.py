"""Reads `config.toml`: every number of the build, as frozen dataclasses."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from builder.errors import BuildError

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
    batch_photos: int
    learning_rate: float
    decay: float
    seed: int


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
    address: str


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file, a section per stage; `training.epochs` is already the one for the data at hand."""

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

    @property
    def is_demo(self) -> bool:
        return self.data.source == "demo"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


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
    config = Config(**{
        section.name: _read_section(tables, section.name, kind, str(file))
        for section, kind in zip(fields(Config), get_type_hints(Config).values(), strict=True)
    })  # fmt: skip
    if unknown := sorted(set(tables) - {section.name for section in fields(Config)}):
        raise BuildError(
            f"{file}: unknown table [{unknown[0]}]",
            remedy=f"it may hold: {', '.join(section.name for section in fields(Config))}",
        )
    if config.is_demo:
        for_demo = {key: getattr(config.demo, key) for key in ("epochs", "keep") if f"training.{key}" not in changed}
        config = replace(config, training=replace(config.training, **for_demo))
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


def _read_section(tables: dict[str, Any], section: str, kind: type, where: str) -> Any:
    table = _table(tables, section, where)
    hints = get_type_hints(kind)
    needed = f"it needs exactly: {', '.join(hints)}"
    if unknown := sorted(set(table) - set(hints)):
        raise BuildError(f"{where} [{section}]: unknown key '{unknown[0]}'", remedy=needed)
    if missing := [key for key in hints if key not in table]:
        raise BuildError(f"{where} [{section}]: the key '{missing[0]}' is missing", remedy=needed)
    return kind(**{key: _checked(section, key, table[key], hint) for key, hint in hints.items()})


def _checked(section: str, key: str, value: Any, hint: Any) -> Any:
    if hint is float and type(value) is int:
        value = float(value)
    words, limits = WORDS.get((section, key)), LIMITS.get((section, key))
    wanted = None
    if type(value) is not hint:
        wanted = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}[hint]
    elif words and value not in words:
        wanted = f"one of: {', '.join(words)}"
    elif limits and not limits[0] <= value <= limits[1]:
        wanted = f"from {limits[0]:g} to {limits[1]:g}"
    if wanted:
        raise BuildError(f"{section}.{key} is {value!r}", remedy=f"it must be {wanted}")
    return value
