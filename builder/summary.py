"""What a build tells at its end: figures, sizes, where the site is and how to open it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIGURES = {
    "accuracy": "accuracy",
    "always the commonest class": "floor_accuracy",
    "balanced accuracy": "balanced_accuracy",
    "macro ROC AUC": "macro_auc",
    "share of melanomas found": "melanoma_sensitivity",
}


def summary_of(site: Path, seconds: float) -> str:
    """A few lines about the site in `site`, built in `seconds`."""
    report = json.loads((site / "report.json").read_text(encoding="utf-8"))
    data, network = report["data"], report["networks"]["cnn"]
    test, export = network["test"], network["export"]
    folder_bytes = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    lines = [
        "",
        f"Built in {seconds:.0f} s from {data['title']}: {data['photos']} photos of {data['lesions']} lesions, "
        f"{network['epochs']} epochs.",
        f"On {test['photos']} test photos, with 95 % intervals over lesions:",
        *(f"  {words:<27}{_spoken(test[name])}" for words, name in FIGURES.items()),
        f"Download for a visitor: {export['bytes'] / 1e6:.1f} MB of network ({export['weights']} weights). "
        f"The whole folder: {folder_bytes / 1e6:.0f} MB.",
        f"The site: {site / 'index.html'}",
        "Open that file, or see it as it will be on the web: python build.py serve",
    ]
    if data["is_demo"]:
        lines.append("Built from drawn images: its answers mean nothing for real skin. With photos: --data FOLDER")
    return "\n".join(lines)


def _spoken(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "not measured"
    interval = "" if figure["low"] is None else f" ({figure['low']:.3f}-{figure['high']:.3f})"
    return f"{figure['value']:.3f}{interval}"
