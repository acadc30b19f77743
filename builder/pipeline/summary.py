"""What a build prints at its end: figures, sizes, where the site is and how to open it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.files.regular import read_json
from builder.formatting import figure_in_words

FIGURES = {
    "accuracy": "accuracy",
    "always the commonest class": "floor_accuracy",
    "balanced accuracy": "balanced_accuracy",
    "macro ROC AUC": "macro_auc",
    "share of melanomas found": "melanoma_sensitivity",
}

FIGURES_OF_FOLDS = {**FIGURES, "malignant, ROC AUC": "malignant_auc"}


def summary_of(rendered: Path, site: Path, seconds: float) -> str:
    """A few lines about the rendered site, built in `seconds` and copied to `site`."""
    report = read_json(rendered / "report.json")
    data, networks = report["data"], report["networks"]
    folder_bytes = sum(file.stat().st_size for file in rendered.rglob("*") if file.is_file())
    lines = [
        "",
        f"Built in {seconds:.0f} s from {data['title']}: {data['photos']} photos of {data['lesions']} lesions.",
        *(line for network in networks.values() for line in _of_network(network)),
        *_of_leakage(report["leakage"]),
        *_of_folds(report["folds"], networks),
        f"The whole folder: {folder_bytes / 1e6:.0f} MB.",
        f"The site: {site / 'index.html'}",
        "Open that file, or see it as it will be on the web: python build.py serve",
    ]
    if data["is_demo"]:
        lines.append("Built from drawn images: its answers mean nothing for real skin. With photos: --data FOLDER")
    elif data["licence"]:
        limit = ": not for commercial use" if "NC" in data["licence"] else ""
        lines.append(f"Licence of the data it learned from, {data['title']}: {data['licence']}{limit}.")
    return "\n".join(lines)


def _of_network(network: dict[str, Any]) -> Iterator[str]:
    test, export, malignant = network["test"], network["export"], network["malignant"]
    yield (
        f"{network['title']}, {network['epochs']} epochs, on {test['photos']} test photos, with 95 % intervals over "
        "lesions:"
    )
    for words, name in FIGURES.items():
        yield _line(words, figure_in_words(test[name]))
    yield _line("malignant, ROC AUC", figure_in_words(malignant["auc"]))
    if point := malignant["operating_point"]:
        yield _line("  found at the threshold", figure_in_words(point["sensitivity"]))
        yield _line("  benign ones spared", figure_in_words(point["specificity"]))
    before, after = (network["calibration"][when]["expected_calibration_error"] for when in ("before", "after"))
    yield _line("calibration error", f"{figure_in_words(after)}, before the temperature {figure_in_words(before)}")
    answered = network["sureness"]["answered"]
    yield _line(
        'answers but "not sure"', f"{figure_in_words(answered['coverage'])}, wrong {figure_in_words(answered['error'])}"
    )
    yield f"Download for a visitor: {export['bytes'] / 1e6:.1f} MB of network ({export['weights']} weights)."


def _of_leakage(leakage: dict[str, Any] | None) -> Iterator[str]:
    if leakage:
        yield f"A split by photo would have added, after {leakage['epochs']} epochs either way:"
        for name, figure in leakage["added"].items():
            yield _line(name.replace("_", " "), figure_in_words(figure))


def _of_folds(folds: dict[str, Any] | None, networks: dict[str, Any]) -> Iterator[str]:
    if not folds:
        return
    yield (
        f"Over {folds['folds']} folds, each of {folds['lesions']} lesions tested once by a network that had not seen "
        "it, mean and standard deviation:"
    )
    for name, spread in folds["networks"].items():
        yield f" {networks[name]['title']}:"
        for words, figure in FIGURES_OF_FOLDS.items():
            yield _line(words, _spoken_spread(spread["figures"][figure]))
    yield (
        f"The site ships the networks of fold {folds['shipped']}; the figures further up are theirs alone. The "
        "networks of the other folds are siblings, and are not on the site."
    )


def _spoken_spread(figure: dict[str, Any]) -> str:
    if figure["mean"] is None:
        return "not measured"
    spread = "" if figure["standard_deviation"] is None else f" +- {figure['standard_deviation']:.3f}"
    by_fold = ", ".join("-" if fold["value"] is None else f"{fold['value']:.3f}" for fold in figure["by_fold"])
    return f"{figure['mean']:.3f}{spread}  ({by_fold})"


def _line(words: str, figure: str) -> str:
    return f"  {words:<27}{figure}"
