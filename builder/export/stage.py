"""Seventh stage: stores the network as TensorFlow.js files, and compares them with the trained network."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.config.site import LARGEST_CHANGE, ExportConfig
from builder.data.demo.draw import draw_demo_photos
from builder.data.store import load_photos
from builder.errors import BuildError
from builder.export.card import card_problem
from builder.export.cross_layer_equalization import equalize_layers
from builder.export.disk_copies import write_disk_copy
from builder.export.layers_model import load_layers_model
from builder.export.shards import write_model
from builder.files.ownership import delete_files
from builder.files.regular import read_json
from builder.network import Network
from builder.photo.size import HEIGHT_PX, MAX_MEGAPIXELS, WIDTH_PX
from builder.predict.calibrate import load_calibrated
from builder.predict.grad_cam import describe_grad_cam
from builder.predict.ood_detector import cells_of, detector_of, load_ood_limits
from builder.predict.trained import predict
from builder.progress import steps
from builder.split import load_parts

# How they may be stored, the smallest first: a temperature below 1 magnifies what 8 bits lose, and so do many layers in
# a row; float32 is all of the network as it was trained.
LARGE_KERNEL_TYPES = {"mixed": ("uint8", "float16", "float32"), "float32": ("float32",)}

COMPARED_PHOTOS = 100  # of the test part: more take longer and change the largest change little

SELF_TEST_PHOTOS = 3
SELF_TEST_SEED = 2018
SELF_TEST_TOLERANCE = 0.001  # of a probability: float32 on any processor stays far below, float16 does not
SELF_TEST_OOD_TOLERANCE = 0.01  # of what a lesion photo may have: no photo is refused for less


@dataclass(frozen=True, slots=True)
class Comparison:
    """What storing the network changed: the largest change of a probability, and the number of changed answers."""

    photos_compared: int
    largest_probability_change: float
    answers_changed: int


def export_network(
    photos: Path,
    split: Path,
    trained: Path,
    calibrated: Path,
    ood: Path,
    evaluated: Path,
    rules: ExportConfig,
    classes: list[dict[str, object]],
    into: Path,
) -> None:
    """Stage entry: save `model/<name>/` for the site, with disk copies, and `export.json`.

    classes: the classes for the card.
    """
    weights = rules.weights
    limits = {
        **read_json(evaluated / "limits.json"),
        **load_ood_limits(ood),
    }
    network = load_calibrated(trained, calibrated)
    if weights == "mixed":
        equalize_layers(network, spared=detector_of(limits["scope"]).looked_at)
    folder = into / "model" / network.name
    test = load_photos(photos).pixels[load_parts(split)["test"][:COMPARED_PHOTOS]]
    stored, large_kernels, comparison = store_smallest(network, weights, test, folder)
    _refuse_if_changed(comparison, weights)
    card = describe_model(stored, weights, folder, limits, classes)
    _refuse_unsound(card, network.name, classes)
    (folder / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    for file in sorted(folder.iterdir()):
        write_disk_copy(file, into)
    summary = {
        "weights": weights,
        "large_kernels": large_kernels,
        "files": len(card["files"]),
        "bytes": card["bytes"],
        "input": card["input"],
        "photos_compared": comparison.photos_compared,
        "largest_probability_change": comparison.largest_probability_change,
        "answers_changed": comparison.answers_changed,
    }
    (into / "export.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")


def store_smallest(
    network: Network, weights: str, photos: NDArray[np.uint8], folder: Path
) -> tuple[Network, str, Comparison]:
    """Store the model in the first format that changes no probability too much; returns it, and the format.

    The returned model is the one read back from disk. If all formats change too much, it is the last one.
    """
    before = predict(network, photos)
    for large_kernels in LARGE_KERNEL_TYPES[weights]:
        if (folder / "model.json").exists():
            delete_files(_in_order(folder))  # of the way before; there may have been more of them
        folder.mkdir(parents=True, exist_ok=True)
        write_model(network, large_kernels, folder)
        stored = load_layers_model(folder)
        with steps(f"exporting: large kernels in {large_kernels}", len(photos)) as advance:
            comparison = compare(before, predict(stored, photos, advance))
        if comparison.largest_probability_change <= LARGEST_CHANGE[weights]:
            break
    return stored, large_kernels, comparison


def compare(before: NDArray[np.float32], after: NDArray[np.float32]) -> Comparison:
    """Compare the probabilities (photos, 7) of the trained and of the stored network."""
    return Comparison(
        photos_compared=len(before),
        largest_probability_change=float(np.abs(before - after).max(initial=0.0)),
        answers_changed=int((before.argmax(axis=1) != after.argmax(axis=1)).sum()),
    )


def describe_model(
    stored: Network, weights: str, folder: Path, limits: dict[str, Any], classes: list[dict[str, object]]
) -> dict[str, Any]:
    """The model card: everything the page must know about the network; JavaScript repeats none of it.

    limits: the thresholds by which the page decides what to say.
    """
    files: list[dict[str, Any]] = [
        {"path": file.name, "bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for file in _in_order(folder)
    ]
    return {
        "name": folder.name,
        "version": hashlib.sha256("".join(file["sha256"] for file in files).encode()).hexdigest(),
        "input": {"width_px": stored.input_shape[2], "height_px": stored.input_shape[1]},
        "photo_limits": {
            "max_megapixels": MAX_MEGAPIXELS,
            "smallest_frame": {"width_px": WIDTH_PX, "height_px": HEIGHT_PX},
        },
        "classes": classes,
        "weights": weights,
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "judgement": limits,
        "explanation": describe_grad_cam(stored),
        "self_test": _self_test(stored, limits["scope"]),
    }


def _self_test(stored: Network, ood_limits: dict[str, Any]) -> dict[str, Any]:
    """Pixels with the probabilities and the OOD score they must give; the page checks a backend by them.

    The photos are always drawn: photos from users are private.
    """
    size = {"width_px": stored.input_shape[2], "height_px": stored.input_shape[1]}
    pixels = np.stack([photo.pixels for photo in draw_demo_photos(SELF_TEST_PHOTOS, SELF_TEST_SEED, **size)])
    detector = detector_of(ood_limits)
    ood_scores = detector.score(cells_of(stored, detector.looked_at, pixels))
    return {
        "tolerance": SELF_TEST_TOLERANCE,
        "scope_tolerance": SELF_TEST_OOD_TOLERANCE,
        "vectors": [
            {
                "pixels": base64.b64encode(photo.tobytes()).decode("ascii"),
                "probabilities": [float(p) for p in row],
                "scope": float(ood_score),
            }
            for photo, row, ood_score in zip(pixels, predict(stored, pixels), ood_scores, strict=True)
        ],
    }


def _refuse_if_changed(comparison: Comparison, weights: str) -> None:
    if comparison.largest_probability_change > LARGEST_CHANGE[weights]:
        raise BuildError(
            f"the stored network is not the trained one: a probability changed by "
            f"{comparison.largest_probability_change:.4f} (at most {LARGEST_CHANGE[weights]} is allowed)",
            remedy="store it whole with --set export.weights=float32",
        )


def _refuse_unsound(card: dict[str, Any], name: str, classes: list[dict[str, object]]) -> None:
    """Raise an error if the page and `predict` would refuse this card."""
    problem = card_problem(card, name, classes)
    if problem:
        raise BuildError(
            f"the network '{name}' cannot be described: {problem}",
            remedy="if its training has diverged, lower its learning rate; else train on more photos",
        )


def _in_order(folder: Path) -> list[Path]:
    """`model.json` first, then the shards by number."""
    manifest = read_json(folder / "model.json")["weightsManifest"]
    return [folder / "model.json", *(folder / path for group in manifest for path in group["paths"])]
