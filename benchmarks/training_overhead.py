"""What the build's training costs over a bare `fit` of Keras on arrays in memory: the same network, the same photos.

    .venv/bin/python benchmarks/training_overhead.py [--network cnn] [--photos 600] [--rounds 3]

Both see every photo once a round, in batches of the recipe, without augmentation, validation or checkpoint: the
build's own reading from disk, shuffling and seeding remain. They take turns, so that a busy machine slows both; the
ratio of the fastest rounds is what counts: whatever else the machine does can only add to a round.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.classes import CLASSES  # noqa: E402  (the package is not installed)
from builder.config.read import read_config  # noqa: E402
from builder.config.training import TrainingConfig  # noqa: E402
from builder.data.pixel_file import StoredPixels  # noqa: E402
from builder.network import build_network  # noqa: E402
from builder.photo.size import HEIGHT_PX, WIDTH_PX  # noqa: E402
from builder.quiet_tensorflow import tf_keras  # noqa: E402
from builder.train.recipe import compile_network  # noqa: E402
from builder.train.stage import _train_epoch  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="cnn")
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    config = read_config(REPOSITORY / "config.toml", source="demo")
    recipe = replace(config.network_of(given.network).recipe, augmentation="copies", mix_up=0.0)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (given.photos, HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    labels = np.arange(given.photos) % len(CLASSES)
    network = compile_network(build_network(given.network, 1), recipe, given.photos)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "pixels.npy", pixels)
        stored = StoredPixels(Path(folder) / "pixels.npy", np.arange(given.photos))
        measure(network, pixels, stored, labels, recipe, given.rounds)


def measure(network: Any, pixels: Any, stored: StoredPixels, labels: Any, recipe: TrainingConfig, rounds: int) -> None:
    """Print the milliseconds a photo of both, of the fastest round and of each, and their ratio."""
    in_memory, targets = pixels.astype(np.float32), tf_keras.utils.to_categorical(labels, len(CLASSES))

    def ours(epoch: int) -> None:
        _train_epoch(network, stored, labels, recipe, epoch, lambda *_: None)

    def bare(_: int) -> None:
        network.fit(in_memory, targets, batch_size=recipe.batch_photos, verbose=0)

    times: dict[str, list[float]] = {"build": [], "bare fit": []}
    for number in range(rounds + 1):
        for name, run in (("build", ours), ("bare fit", bare)):
            started = time.perf_counter()
            run(number)
            if number:  # the first round compiles
                times[name].append(1000 * (time.perf_counter() - started) / len(labels))
    for name, found in times.items():
        print(f"{name:<10}{min(found):7.2f} ms a photo   ({', '.join(f'{ms:.2f}' for ms in found)})")
    print(f"ratio     {min(times['build']) / min(times['bare fit']):7.3f}")


if __name__ == "__main__":
    main()
