"""Fits and measures the out-of-distribution detector and the limits of photo quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from builder.config.evaluation import EvaluationConfig, OodConfig
from builder.data.store import Photos, load_photos, stored_pixels
from builder.evaluate.ood_figures import measure_detector
from builder.evaluate.ood_photos import other_things, shifted
from builder.photo.frame import centred_frame
from builder.photo.quality import Measures, measure_quality, quality_limits
from builder.predict.ood_detector import cells_of, detector_layers, fit_detector
from builder.predict.trained import load_network
from builder.progress import steps
from builder.split import load_parts

SHIFTED_PHOTOS = 100  # test photos that are made worse; each way costs as many passes


def fit_ood_detector(
    photos: Path, split: Path, trained: Path, rules: OodConfig, evaluation: EvaluationConfig, into: Path
) -> None:
    """Stage entry: save `ood.json`: `limits` (the detector and the quality limits) and `figures`.

    The detector is fitted on the training photos only, the validation photos alone set the limits, and the figures come
    from the test photos and from pictures used for neither.
    """
    table, parts = load_photos(photos), load_parts(split)
    network = load_network(trained)
    layers = detector_layers(network)
    width_px = table.pixels.shape[2]
    others = other_things(rules.seed, width_px)
    spoilt = dict(shifted(np.asarray(table.pixels[parts["test"][:SHIFTED_PHOTOS]])))
    pictures = sum(map(len, parts.values())) + sum(len(kind.pixels) for kind in others.values())
    with steps("looking for other things", pictures + sum(map(len, spoilt.values()))) as advance:
        training, validation, test = (
            cells_of(network, layers, stored_pixels(photos, parts[part]), advance)
            for part in ("training", "validation", "test")
        )
        share = rules.refused_share
        detector = fit_detector(layers, training, validation, refused=(share * 2 / 3, share / 3))

        def scores_of(pixels: Any) -> Any:
            return detector.score(cells_of(network, layers, pixels, advance))

        figures = measure_detector(
            detector.score(test),
            table.lesion_ids[parts["test"]],
            {kind: (scores_of(of_kind.pixels), of_kind.source) for kind, of_kind in others.items()},
            {way: scores_of(pixels) for way, pixels in spoilt.items()},
            evaluation,
        )
    limits = {"scope": detector.as_dict(), "quality": quality_limits(_measured(table, parts["training"]), width_px)}
    (into / "ood.json").write_text(json.dumps({"limits": limits, "figures": figures}, indent=1), encoding="utf-8")


def _measured(table: Photos, rows: Any) -> list[Measures]:
    return [
        measure_quality(table.pixels[row], across_px(size, table.pixels.shape[2]))
        for row, size in zip(rows, table.details["size"][rows], strict=True)
    ]


def across_px(size: str, width_px: int) -> float:
    """The width of the network's frame in a photo of a size such as "600x450"; the network's own width if unknown."""
    return centred_frame(*map(int, size.split("x"))).width if size else width_px
