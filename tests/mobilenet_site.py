"""A mobilenet that nobody trained, exported as the build exports a trained one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.demo.draw import draw_demo_photos
from builder.export.disk_copies import write_disk_copy
from builder.export.layers_model import load_layers_model
from builder.export.shards import write_model
from builder.export.stage import describe_model
from builder.network import Network, build_network
from builder.photo.quality import measure_quality, quality_limits
from builder.photo.size import height_for
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.grad_cam import describe_grad_cam
from builder.predict.ood_detector import cells_of, detector_layers, fit_detector
from builder.quiet_tensorflow import tf_keras
from builder.site.messages import classes_in_english

SEED = 6


def drawn_photos(count: int, width_px: int, seed: int = SEED) -> Any:
    drawn = draw_demo_photos(count, seed, width_px=width_px, height_px=height_for(width_px))
    return np.stack([photo.pixels for photo in drawn])


def some_mobilenet(width_px: int) -> Network:
    """As after a training: its normalisations have statistics of their own, by which values stay in a sound range."""
    network = build_network("mobilenet", seed=SEED, width_px=width_px)
    random = np.random.default_rng(SEED)
    seen = drawn_photos(24, width_px).astype(np.float32)
    for layer in network.layers[1:]:  # after the input, each takes what the one before it gives
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            by_channel = np.asarray(seen).reshape(-1, seen.shape[-1])
            gamma, beta = (random.uniform(*of, by_channel.shape[1]) for of in ((0.8, 1.6), (0.5, 3.0)))
            layer.set_weights([gamma, beta, by_channel.mean(axis=0), by_channel.var(axis=0) + 1e-3])
        seen = layer(seen, training=False)
    return network


def export_mobilenet(network: Network, site: Path, name: str = "mobilenet", *, refuses: bool = True) -> Network:
    """Write it to `site/model/<name>`; returns it as the page has it.

    refuses: or it answers, whatever it is shown.
    """
    folder = site / "model" / name
    folder.mkdir(parents=True)
    width_px = network.input_shape[2]
    write_model(fold_batch_norm(network), "float16", folder)
    stored = load_layers_model(folder)
    drawn = drawn_photos(80, width_px)
    layers = detector_layers(stored)
    training, validation = (cells_of(stored, layers, part) for part in (drawn[:50], drawn[50:]))
    detector = fit_detector(layers, training, validation, refused=(0.1, 0.1))
    if not refuses:
        detector = replace(detector, distance_limit=10_000.0, emptiness_limit=10_000.0)
    limits = {
        "operating_point": {"threshold": 0.5, "sensitivity": 0.9, "specificity": 0.5},
        "sureness": [{"level": "not-sure", "from": 0.0, "right_of_100": 50}],
        "scope": {**detector.as_dict(), "threshold": 1.0},
        "quality": quality_limits([measure_quality(photo, width_px) for photo in drawn], width_px),
    }
    card = describe_model(stored, "mixed", folder, limits, classes_in_english())
    assert card["explanation"] == describe_grad_cam(stored)
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    for file in sorted(folder.iterdir()):
        write_disk_copy(file, site)
    return stored
