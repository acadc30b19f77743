"""`python build.py compare`: compares published builds on the same test photos."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from builder.config.evaluation import EvaluationConfig
from builder.errors import BuildError
from builder.evaluate.comparison import Build, better_of, build_of, compare, read_predictions, refuse_other_photos
from builder.files.regular import read_text
from builder.formatting import figure_in_words
from builder.site.file_names import PREDICTIONS, REPORT
from builder.studies.comparison_page import write_comparison_page
from builder.terminal import visible

MOST_SAID = 200  # signs of what is wrong with one


def compare_builds(reports: list[Path], rules: EvaluationConfig, into: Path, *, as_json: bool) -> None:
    """Read the reports, print the comparison and write its page into `into`.

    reports: report.json files or their folders, each with predictions.csv beside it.
    """
    builds = read_builds(reports)
    comparison = compare(builds, rules)
    page = write_comparison_page(comparison, into)
    if as_json:
        print(json.dumps(comparison, indent=1))
    else:
        print("\n".join([*_in_words(comparison), visible(f"The page: {page}")]))


def read_builds(reports: list[Path]) -> list[Build]:
    """Every network of every report. Raises BuildError if they were tested on different photos."""
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


def _names(files: list[Path]) -> list[str]:
    """A short name for each report: the end of its folder's path, long enough to be unique."""
    folders = [Path(os.path.realpath(file)).parent.parts for file in files]  # of links in a circle too
    if len(set(folders)) < len(folders):
        raise BuildError("a report is named twice", remedy="name each build once")
    length = next(n for n in range(1, 1000) if len({parts[-n:] for parts in folders}) == len(folders))
    return ["/".join(parts[-length:]) for parts in folders]


def _read_report(file: Path, name: str) -> list[Build]:
    try:
        report = json.loads(read_text(file))
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


def _in_words(comparison: dict[str, Any]) -> list[str]:
    builds = comparison["builds"]
    lines = [f"{comparison['photos']} test photos of {comparison['lesions']} lesions, with 95 % intervals over lesions"]
    for build in builds:
        lines += ["", f"{build['name']} ({build['network']}, {build['epochs']} epochs, {build['data']})"]
        lines += [f"  {row['title']:<30}{figure_in_words(build['figures'][row['name']])}" for row in comparison["rows"]]
    for pair in comparison["pairs"]:
        first, second = builds[pair["first"]]["name"], builds[pair["second"]]["name"]
        lines += ["", f"{second} minus {first}"]
        for row in comparison["rows"]:
            difference = pair["differences"][row["name"]]
            winner = better_of(difference, row["lower_is_better"])
            verdict = {"first": f"{first} is better", "second": f"{second} is better", None: "cannot be told apart"}
            lines.append(f"  {row['title']:<30}{figure_in_words(difference, '+')}: {verdict[winner]}")
        lines.append(_mcnemar_in_words(pair["mcnemar"], first, second))
    return [*lines, ""]


def _mcnemar_in_words(test: dict[str, Any], first: str, second: str) -> str:
    right = f"  {test['only_first_right']} photos only {first} has right, {test['only_second_right']} only {second}"
    if test["p"] is None:
        return f"{right}."
    over_lesions = "" if test["p_over_lesions"] is None else f"p = {test['p_over_lesions']:.2g} over lesions, "
    return f"{right}; McNemar's test: {over_lesions}p = {test['p']:.2g} over photos."
