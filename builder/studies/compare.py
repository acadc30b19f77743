"""`python build.py compare`: builds side by side on the same test photos, from what they have published."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CODES, INDEX_OF
from builder.config.read import EvaluationConfig
from builder.errors import BuildError
from builder.evaluate.bootstrap import Figure, LesionBootstrap
from builder.evaluate.mcnemar import mcnemar
from builder.evaluate.predictions import Answers
from builder.evaluate.side_by_side import compared_figures, compared_rows, differences
from builder.evaluate.verdict import better_of
from builder.files.regular import read_text
from builder.studies.comparison_page import write_comparison_page
from builder.terminal import visible

REPORT, PREDICTIONS = "report.json", "predictions.csv"
MOST_BYTES = 200_000_000  # of either: a million answers
MOST_SAID = 200  # signs of what is wrong with one
SUMS_TO_ONE = 0.01  # as far as probabilities are rounded in files
ROWS: tuple[dict[str, Any], ...] = (
    {"name": "accuracy", "title": "Accuracy", "kind": "share", "lower_is_better": False},
    {"name": "balanced_accuracy", "title": "Balanced accuracy", "kind": "share", "lower_is_better": False},
    {"name": "macro_auc", "title": "Macro ROC AUC", "kind": "score", "lower_is_better": False},
    {"name": "melanoma_sensitivity", "title": "Melanoma sensitivity", "kind": "share", "lower_is_better": False},
    {"name": "malignant_auc", "title": "Malignant against benign, AUC", "kind": "score", "lower_is_better": False},
)


# Image id, lesion id and code of the truth of each photo; probabilities (photos, 7); labels (photos,).
PhotosAndAnswers = tuple[list[tuple[str, str, str]], NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True)
class Build:
    """One network of one report, with its answers in the order of the image ids."""

    name: str
    file: str
    about: dict[str, Any]  # `network`, `data`, `is_demo` and `epochs`
    photos: list[tuple[str, str, str]]  # image id, lesion id, code of the truth
    answers: Answers


def compare_builds(reports: list[Path], rules: EvaluationConfig, into: Path, *, as_json: bool) -> None:
    """Read the reports, print how they compare and write the page about it into `into`.

    reports: report.json files, or the folders that hold them, with predictions.csv beside each.
    """
    builds = read_builds(reports)
    comparison = compare(builds, rules)
    page = write_comparison_page(comparison, into)
    if as_json:
        print(json.dumps(comparison, indent=1))
    else:
        print("\n".join([*_in_words(comparison), visible(f"The page: {page}")]))


def read_builds(reports: list[Path]) -> list[Build]:
    """Every network of every report. Raises BuildError unless they answered the same photos."""
    try:
        files = [report / REPORT if report.is_dir() else report for report in reports]
    except OSError as error:
        raise BuildError(
            f"{error.filename}: {error.strerror}", remedy=f"name a site's folder or its {REPORT}"
        ) from error
    builds = [build for file, name in zip(files, _names(files), strict=True) for build in _read_report(file, name)]
    if len(builds) < 2:
        raise BuildError("there is only one network to compare", remedy="name the report.json of another build too")
    for build in builds[1:]:
        refuse_other_photos(builds[0], build)
    return builds


def compare(builds: list[Build], rules: EvaluationConfig) -> dict[str, Any]:
    """Figures of each build, and for each two of them the differences, later minus earlier, on the same resamples.

    What it returns is described at `write_comparison_page`.
    """
    lesions = np.array([lesion for _, lesion, _ in builds[0].photos])
    bootstrap = LesionBootstrap(lesions, rules.resamples, rules.seed)
    everyone = np.ones(len(lesions), dtype=bool)
    rows = [compared_rows(build.answers, bootstrap, everyone) for build in builds]
    return {
        "photos": len(lesions),
        "lesions": bootstrap.lesions(everyone),
        "resamples": rules.resamples,
        "is_demo": builds[0].about["is_demo"],
        "rows": list(ROWS),
        "builds": [
            {
                "name": build.name,
                "file": build.file,
                **{fact: build.about[fact] for fact in ("network", "data", "epochs")},
                "figures": compared_figures(own, build.answers, bootstrap, everyone),
            }
            for build, own in zip(builds, rows, strict=True)
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                "differences": differences(rows[second], rows[first]),
                "mcnemar": mcnemar(
                    builds[first].answers.is_right, builds[second].answers.is_right, bootstrap.lesion_of_photo
                ),
            }
            for first, second in combinations(range(len(builds)), 2)
        ],
    }


def _names(files: list[Path]) -> list[str]:
    """A short name for each report: the end of its folder's path, as much of it as tells it from the others."""
    folders = [Path(os.path.realpath(file)).parent.parts for file in files]  # of links in a circle too
    if len(set(folders)) < len(folders):
        raise BuildError("a report is named twice", remedy="name each build once")
    length = next(n for n in range(1, 1000) if len({parts[-n:] for parts in folders}) == len(folders))
    return ["/".join(parts[-length:]) for parts in folders]


def _read_report(file: Path, name: str) -> list[Build]:
    try:
        report = json.loads(read_text(file, MOST_BYTES))
        answers = read_predictions(file.with_name(PREDICTIONS))
        networks = report["networks"]
        return [
            build_of(
                name if len(networks) == 1 else f"{name}: {network}",
                file,
                networks[network],
                report["data"],
                answers[network],
            )
            for network in networks
        ]
    except OSError as error:
        raise BuildError(
            f"{error.filename}: {error.strerror}",
            remedy=f"name a site's folder or its {REPORT}; {PREDICTIONS} must lie beside it",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error) as error:
        raise BuildError(
            f"{file} or the {PREDICTIONS} beside it is not what a build publishes ({str(error)[:MOST_SAID]})",
            remedy="build that site again",
        ) from error


def build_of(
    name: str, file: Path, network: Mapping[str, Any], data: Mapping[str, Any], answers: PhotosAndAnswers
) -> Build:
    """A network with its answers, as the report has `network` and `data`; what is shown of it can be shown anywhere."""
    about = {
        "network": visible(network["title"]),
        "data": visible(data["title"]),
        "is_demo": data["is_demo"],
        "epochs": network["epochs"],
    }
    for fact, kind in (("network", str), ("data", str), ("is_demo", bool), ("epochs", int)):
        if type(about[fact]) is not kind:
            raise TypeError(f"'{fact}' is no {kind.__name__}")
    photos, probabilities, labels = answers
    if len(photos) != network["test"]["photos"]:
        raise ValueError(f"{len(photos)} photos of {network['test']['photos']} are there")
    return Build(visible(name), visible(file), about, photos, Answers(probabilities, labels))


def read_predictions(file: Path) -> dict[str, PhotosAndAnswers]:
    """Photos, probabilities (photos, 7) and labels of each network, in the order of the image ids."""
    rows = sorted(csv.DictReader(io.StringIO(read_text(file, MOST_BYTES), newline="")), key=lambda row: row["image_id"])
    by_network: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_network.setdefault(row["network"], []).append(row)
    return {network: _answers_in(own) for network, own in by_network.items()}


def _answers_in(rows: list[dict[str, str]]) -> PhotosAndAnswers:
    probabilities = np.array([[float(row[code]) for code in CODES] for row in rows], dtype=np.float32)
    if not ((probabilities >= 0).all() and abs(probabilities.sum(axis=1) - 1).max() < SUMS_TO_ONE):
        raise ValueError("there are probabilities that do not add up to one")
    return (
        [(row["image_id"], row["lesion_id"], row["truth"]) for row in rows],
        probabilities,
        np.array([INDEX_OF[row["truth"]] for row in rows], dtype=np.int64),
    )


def refuse_other_photos(first: Build, other: Build) -> None:
    """Raise a BuildError unless both were tested on the same photos."""
    if other.photos == first.photos:
        return
    images = {image for image, _, _ in first.photos}, {image for image, _, _ in other.photos}
    if images[0] == images[1]:
        problem = f"{first.name} and {other.name} were tested on the same photos, but call some of them otherwise"
    else:
        problem = (
            f"{first.name} and {other.name} were tested on different photos: {len(images[0])} and {len(images[1])}, "
            f"of which {len(images[0] & images[1])} are the same"
        )
    raise BuildError(problem, remedy="build both from the same data with the same numbers under [split]")


def _in_words(comparison: dict[str, Any]) -> list[str]:
    builds = comparison["builds"]
    lines = [f"{comparison['photos']} test photos of {comparison['lesions']} lesions, with 95 % intervals over lesions"]
    for build in builds:
        lines += ["", f"{build['name']} ({build['network']}, {build['epochs']} epochs, {build['data']})"]
        lines += [f"  {row['title']:<30}{_spoken(build['figures'][row['name']], '')}" for row in comparison["rows"]]
    for pair in comparison["pairs"]:
        first, second = builds[pair["first"]]["name"], builds[pair["second"]]["name"]
        lines += ["", f"{second} minus {first}"]
        for row in comparison["rows"]:
            difference = pair["differences"][row["name"]]
            winner = better_of(difference, row["lower_is_better"])
            verdict = {"first": f"{first} is better", "second": f"{second} is better", None: "cannot be told apart"}
            lines.append(f"  {row['title']:<30}{_spoken(difference, '+')}: {verdict[winner]}")
        lines.append(_mcnemar_in_words(pair["mcnemar"], first, second))
    return [*lines, ""]


def _mcnemar_in_words(test: dict[str, Any], first: str, second: str) -> str:
    right = f"  {test['only_first_right']} photos only {first} has right, {test['only_second_right']} only {second}"
    if test["p"] is None:
        return f"{right}."
    over_lesions = "" if test["p_over_lesions"] is None else f"p = {test['p_over_lesions']:.2g} over lesions, "
    return f"{right}; McNemar's test: {over_lesions}p = {test['p']:.2g} over photos."


def _spoken(figure: Figure, sign: str) -> str:
    if figure["value"] is None:
        return "not measured"
    interval = "" if figure["low"] is None else f" ({figure['low']:{sign}.3f} to {figure['high']:{sign}.3f})"
    return f"{figure['value']:{sign}.3f}{interval}"
