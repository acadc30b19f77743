"""Settings of the optional studies: leakage, folds, search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from builder.setting import Seed


@dataclass(frozen=True, slots=True)
class LeakageConfig:
    measure: bool
    epochs: Annotated[int, (1, 10_000)]


@dataclass(frozen=True, slots=True)
class FoldsConfig:
    measure: bool


@dataclass(frozen=True, slots=True)
class SearchConfig:
    network: str
    method: Literal["grid", "random", "halving"]
    trials: Annotated[int, (1, 100_000)]
    folds: Annotated[int, (2, 100)]
    figure: Literal["accuracy", "balanced_accuracy", "macro_auc"]
    seed: Seed
    space: Mapping[str, tuple[Any, ...]]
