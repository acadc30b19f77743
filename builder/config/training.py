"""How networks are built and trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from builder.photo.size import WIDTH_PX
from builder.setting import Seed, Share

IMAGENET, NO_BASE = "imagenet", "none"  # what base_weights may say beside the name of a file
OTHER_BASE = "set network.base_weights to a file of these weights, or to none to train from the start"


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    mirror_share: Share
    zoom_keep_share: Annotated[float, (0.1, 1)]
    seed: Seed


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    base_weights: str
    width_px: Annotated[int, (WIDTH_PX, 1000)]  # from the smallest frame that is not refused


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    epochs: Annotated[int, (1, 10_000)]
    keep: Literal["last", "best"]
    augmentation: Literal["copies", "random"]
    batch_photos: Annotated[int, (1, 10_000)]
    optimizer: Literal["rmsprop", "adamw"]
    learning_rate: Annotated[float, (1e-12, 10)]
    decay: Share
    weight_decay: Annotated[float, (0, 10)]
    warm_up_epochs: Annotated[float, (0, 1000)]
    averaging_epochs: Annotated[float, (0, 1000)]
    label_smoothing: Annotated[float, (0, 0.9)]
    class_balance: Share
    mix_up: Annotated[float, (0, 10)]
    plain_share: Share
    frozen_epochs: Annotated[int, (0, 10_000)]
    fine_tune_from: str
    fine_tune_rate: Annotated[float, (1e-12, 10)]
    seed: Seed

    @property
    def knows_its_end(self) -> bool:
        """Whether an epoch depends on the total: AdamW's rate decays, and the last epochs may skip augmentation."""
        return self.optimizer == "adamw" or self.plain_share > 0

    @property
    def averages(self) -> bool:
        """Whether the moving average of the weights is kept instead of the weights."""
        return self.optimizer == "adamw" and self.averaging_epochs > 0

    def is_without_augmentation(self, epoch: int) -> bool:
        """Whether that epoch, counted from 1, shows photos without augmentation, except for mirroring."""
        return epoch > self.epochs - round(self.plain_share * self.epochs)


@dataclass(frozen=True, slots=True)
class MachinesConfig:
    devices: Literal["one", "all", "workers"]
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    patience_s: Annotated[float, (0, 86_400)]
