"""The entry of each stage."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.progress import console
from builder.train.machines import strategy_of


def _entry_of(module: str, entry: str, *, needs_tensorflow: bool = False) -> Callable[..., None]:
    """A stage's entry, imported when it is run: one that need not costs nothing, least of all TensorFlow's start."""

    def run(*inputs: Path, **arguments: Any) -> None:
        if needs_tensorflow and "builder.quiet_tensorflow" not in sys.modules:
            console.print("starting TensorFlow")
        if needs_tensorflow:
            strategy_of(arguments["config"].machines)
        getattr(importlib.import_module(module), entry)(*inputs, **arguments)

    return run


gather_photos = _entry_of("builder.data.store", "gather_photos")
gather_at_width = _entry_of("builder.data.store", "gather_at_width")
split_photos = _entry_of("builder.split", "split_photos")
augment_training = _entry_of("builder.train.augmented_copies", "augment_training")
train_network = _entry_of("builder.train.stage", "train_network", needs_tensorflow=True)
calibrate_network = _entry_of("builder.predict.calibrate", "calibrate_network", needs_tensorflow=True)
fit_scope = _entry_of("builder.evaluate.ood", "fit_scope", needs_tensorflow=True)
evaluate_network = _entry_of("builder.evaluate.stage", "evaluate_network", needs_tensorflow=True)
export_network = _entry_of("builder.export.stage", "export_network", needs_tensorflow=True)
split_fold = _entry_of("builder.studies.search.fold", "split_fold")
try_settings = _entry_of("builder.studies.search.fold", "try_settings", needs_tensorflow=True)
spread_of_folds = _entry_of("builder.studies.folds", "measure_folds")
split_leaking = _entry_of("builder.studies.leakage", "split_leaking")
compare_ways = _entry_of("builder.studies.leakage", "measure_leakage", needs_tensorflow=True)
time_in_browser = _entry_of("builder.studies.leaderboard.times", "time_in_browser")
set_side_by_side = _entry_of("builder.studies.leaderboard.board", "make_board")
render_site = _entry_of("builder.site.render", "render_site")


def fingerprint(config: Config) -> Any:
    """What the result of the data stage depends on beside its code."""
    from builder.data.gather import source_fingerprint

    return source_fingerprint(config)
