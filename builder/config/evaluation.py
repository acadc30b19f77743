"""Settings of calibration, the out-of-distribution detector and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from builder.setting import Seed, Share


@dataclass(frozen=True, slots=True)
class CalibrationConfig:
    malignant_sensitivity: Share
    sure_right: Share
    fairly_sure_right: Share
    fewest_photos: Annotated[int, (1, 1_000_000)]


@dataclass(frozen=True, slots=True)
class OodConfig:
    refused_share: Annotated[float, (0, 0.5)]
    seed: Seed


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    resamples: Annotated[int, (10, 1_000_000)]
    fewest_lesions: Annotated[int, (1, 1_000_000)]
    fewest_lesions_a_side: Annotated[int, (1, 1_000_000)]
    seed: Seed
