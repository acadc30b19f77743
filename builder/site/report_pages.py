"""The report pages: one per network; the first is `report.html`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from builder.site.messages import classes_in_english

TEMPLATE = "report.html"

Report = dict[str, Any]  # as report.json


def report_context(report: Report, name: str, *, has_board: bool = False) -> dict[str, Any]:
    """The template's values for the page about the network `name`; has_board: the site has a leaderboard."""
    return {
        "report": report,
        "classes": classes_in_english(),
        "network_name": name,
        "network": report["networks"][name],
        "report_address": partial(report_address, report),
        "has_board": has_board,
    }


def report_address(report: Report, name: str) -> str:
    """The address of a network's report page, relative to the others."""
    return TEMPLATE if name == next(iter(report["networks"])) else f"report-{name}.html"


def write_report_pages(environment: Environment, report: Report, into: Path, *, has_board: bool = False) -> None:
    """Write the page of every network into the folder."""
    template = environment.get_template(TEMPLATE)
    for name in report["networks"]:
        page = template.render(report_context(report, name, has_board=has_board))
        (into / report_address(report, name)).write_text(page, encoding="utf-8", newline="\n")
