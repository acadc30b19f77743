"""What each ingredient of the compact network's recipe brings: short trainings, each with one thing changed.

    .venv/bin/python benchmarks/ablation.py --data FOLDER [--epochs 8] [--work FOLDER]

Scores are of the validation part, never of the test part. What is trained is kept in the work folder: the same command
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.pipeline.chain import Chain  # noqa: E402  (the package is not installed)
from builder.pipeline.network_stages import gather, split, train  # noqa: E402
from builder.pipeline.request import Request  # noqa: E402
from builder.pipeline.stages import SEARCH  # noqa: E402

NETWORK = "compact"
# A quarter of what is not test: a tenth would leave the rarest kinds a handful of photos to be scored by.
SETTINGS = ("split.test_share=0.2", "split.validation_share=0.25", f"site.networks={NETWORK}")
ROWS: dict[str, dict[str, Any]] = {
    "the recipe": {},
    "no mixup": {"mix_up": 0.0},
    "random views and mixup to the end": {"plain_share": 0.0},
    "classes weighed by 0 instead of 0.25": {"class_balance": 0.0},
    "classes weighed by 0.5": {"class_balance": 0.5},
    "no label smoothing": {"label_smoothing": 0.0},
    "no average of the weights": {"averaging_epochs": 0.0},
    "no weight decay": {"weight_decay": 0.0},
    "learning rate 0.001 instead of 0.003": {"learning_rate": 1e-3},
    "one augmented copy per photo instead of random views": {"augmentation": "copies"},
    "the origin's optimiser": {"optimizer": "rmsprop", "learning_rate": 1e-4},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--work", type=Path, default=REPOSITORY / "work")
    given = parser.parse_args()
    settings = (*SETTINGS, f"{NETWORK}.epochs={given.epochs}")
    config = Request(REPOSITORY / "config.toml", given.data, settings).config()
    chain = Chain(config, given.work)
    photos = gather(chain)
    parts = split(chain, photos)
    print("| changed | accuracy | balanced accuracy | macro ROC AUC |\n|---|---|---|---|")
    for label, changed in ROWS.items():
        tried = config.with_own(NETWORK, changed)
        trial = chain.with_config(tried)
        done = train(trial, SEARCH, tried.network_of(NETWORK), photos, parts)
        score = json.loads((done / "score.json").read_text(encoding="utf-8"))
        figures = " | ".join(f"{score[name]:.3f}" for name in ("accuracy", "balanced_accuracy", "macro_auc"))
        print(f"| {label} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
