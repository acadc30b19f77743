"""Writes a network of a finished build into a folder that can be put into git: its site is rendered from that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.config.site import LARGEST_CHANGE
from builder.data.photo_list import ListedPhoto, write_photo_list
from builder.errors import BuildError
from builder.files.ownership import copy_files, replacing
from builder.files.regular import read_json
from builder.folders import NetworkResults
from builder.release.config_file import write_config
from builder.release.file_names import CITATION, CONFIG, LICENCE, PHOTOS, PROVENANCE
from builder.release.terms import citation_text, licence_text
from builder.site.file_names import PREDICTIONS
from builder.train.timing import training_time

# Of each result, what the site is rendered from; the disk copies of the model are made anew.
KEPT = {
    "evaluated": ("figures.json", PREDICTIONS),
    "ood": ("ood.json",),
    "exported": ("export.json", "model/*/card.json", "model/*/model.json", "model/*/*.bin"),
}


def refuse_unfit(name: str, results: NetworkResults) -> None:
    """Raise a BuildError unless the network learned from photos, and its stored form answers as it does."""
    data, exported = read_json(results.evaluated / "figures.json")["data"], read_json(results.exported / "export.json")
    if data["is_demo"]:
        raise BuildError(
            f"the network '{name}' learned from drawn images",
            remedy="build one from photos, with python build.py --data SOURCE, and release that",
        )
    change, allowed = exported["largest_probability_change"], LARGEST_CHANGE[exported["weights"]]
    if not change <= allowed:
        raise BuildError(
            f"storing the network '{name}' changed a probability by {change:.4f}, and at most {allowed} is promised",
            remedy="store it whole: build with --set export.weights=float32, and release that",
        )


def write_release(
    name: str,
    results: NetworkResults,
    photos: list[ListedPhoto],
    config: Config,
    made_by: Mapping[str, Any],
    folder: Path,
) -> None:
    """Replace `folder`, whose name is the network's; made_by: from `describe_maker`, when the network was built."""
    figures = read_json(results.evaluated / "figures.json")
    data, called = figures["data"], f"{folder.parent.name}/{name}/{CONFIG}"
    with replacing(folder) as fresh:
        for result, patterns in KEPT.items():
            source = getattr(results, result)
            copy_files((file for pattern in patterns for file in sorted(source.glob(pattern))), source, fresh)
        write_photo_list(photos, fresh / PHOTOS)
        write_config(config, name, data, fresh / CONFIG, called)
        _write(fresh / LICENCE, licence_text(data))
        _write(fresh / CITATION, citation_text(data))
        epochs = figures["network"]["epochs"]
        provenance = {
            "network": name,
            "data": {key: data[key] for key in ("source", "title", "licence", "citation", "photos", "lesions")},
            "split": data["split_rule"],
            "parts": {
                part: {unit: counted[unit] for unit in ("photos", "lesions")} for part, counted in data["parts"].items()
            },
            "command": f"python build.py --config {called} --data SOURCE",
            "training": {"epochs": epochs, "time": training_time(results.trained.parent, epochs)},
            **made_by,
        }
        _write(fresh / PROVENANCE, json.dumps(provenance, indent=1, ensure_ascii=False) + "\n")


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")
