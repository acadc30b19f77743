"""The leaderboard as two tables in the terminal: the networks' figures, and their costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.evaluate.comparison import better_of
from builder.formatting import duration, figure_in_words, milliseconds, three_decimals
from builder.progress import console

TEXTS = 2  # columns of words, place and name; those of numbers follow


def print_table(board: Mapping[str, Any]) -> None:
    """Print a leaderboard, as `leaderboard.schema.json` describes it."""
    rows, networks = board["rows"], board["networks"]
    ranked = sorted(networks, key=lambda name: networks[name]["place"])
    console.print(
        f"\n{board['photos']} test photos of {board['lesions']} lesions, with 95 % intervals over lesions.\n"
        f"In the order of {_title_of(board)} on them: a comparison, not a way to choose a network.\n"
        "For that, there is the validation part."
    )
    figures = [
        [
            str(networks[name]["place"]), name,
            *(figure_in_words(networks[name]["figures"][row["name"]]) for row in rows),
            three_decimals(networks[name]["validation_accuracy"]),
        ]
        for name in ranked
    ]  # fmt: skip
    _print(["", "network", *(row["title"] for row in rows), "validation accuracy"], figures)
    _print(
        ["", "network", "weights", "download", "ms a photo", "training", "epochs"],
        [[str(networks[name]["place"]), name, *_costs(networks[name], board["timed"], name)] for name in ranked],
    )
    for name, network in networks.items():
        if network["against_first"]:
            console.print(f"{name} against {board['compared_with']}: {_differences(board, name)}")


def _title_of(board: Mapping[str, Any]) -> str:
    return str(next(row["title"] for row in board["rows"] if row["name"] == board["ranked_by"])).lower()


def _costs(network: Mapping[str, Any], timed: Mapping[str, Any], name: str) -> list[str]:
    times = timed["networks"][name]
    return [
        f"{network['parameters']:,}",
        f"{network['bytes'] / 1e6:.1f} MB",
        milliseconds(times["answer"]["median_ms"]) if times["answer"] else "not timed",
        duration(times["training"]["seconds"]) if times["training"] else "not timed",
        str(network["epochs"]),
    ]


def _differences(board: Mapping[str, Any], name: str) -> str:
    """The significant differences between two networks, on one line."""
    said = []
    for row in board["rows"]:
        difference = board["networks"][name]["against_first"]["differences"][row["name"]]
        winner = better_of(difference, row["lower_is_better"])
        if winner:
            said.append(
                f"{row['title']} {'better' if winner == 'second' else 'worse'}, {figure_in_words(difference, '+')}"
            )
    return "; ".join(said) or "no difference that this test could tell"


def _print(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    console.print()
    for line in (heads, *lines):
        cells = zip(line, widths, strict=True)
        aligned = [cell.ljust(width) if n < TEXTS else cell.rjust(width) for n, (cell, width) in enumerate(cells)]
        console.print("  ".join(aligned).rstrip())
