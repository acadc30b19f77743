"""Which photos to use and how to split them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from builder.setting import Seed


@dataclass(frozen=True, slots=True)
class DataConfig:
    source: str
    test_source: str
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoConfig:
    photos: Annotated[int, (70, 1_000_000)]  # fewer may leave a class out of a part of the split
    seed: Seed
    epochs: Annotated[int, (1, 10_000)]
    keep: Literal["last", "best"]


@dataclass(frozen=True, slots=True)
class SplitConfig:
    rule: Literal["auto", "by lesion", "k-fold", "own"]
    test_share: Annotated[float, (0.01, 0.99)]
    validation_share: Annotated[float, (0.01, 0.99)]
    folds: Annotated[int, (2, 100)]
    fold: Annotated[int, (1, 100)]
    seed: Seed
