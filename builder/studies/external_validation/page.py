"""The pages of an evaluation, one self-contained file per network. They are not part of a site."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from builder.folders import TEMPLATES
from builder.formatting import csp_hash
from builder.site.messages import classes_in_english
from builder.site.render import template_environment
from builder.studies.external_validation.in_words import NOT_CHECKED

TEMPLATE = "_evaluation.html"
STYLES = ("tokens", "base", "shell", "controls", "report", "tables", "plots")


def write_pages(evaluation: Mapping[str, Any], report: Mapping[str, Any], into: Path) -> str:
    """Write a page for each network into the folder; returns the name of the first page.

    evaluation: as evaluation.schema.json describes it. report: the site's report.json.
    """
    styles = "\n".join((TEMPLATES / "css" / f"{style}.css").read_text(encoding="utf-8") for style in STYLES)
    for_print = (TEMPLATES / "css" / "print.css").read_text(encoding="utf-8")
    styles = f"\n{styles}\n@media print {{\n{for_print}\n}}\n"
    template = template_environment().get_template(TEMPLATE)
    names = list(evaluation["networks"])
    for name in names:
        page = template.render(
            evaluation=evaluation,
            network_name=name,
            network=evaluation["networks"][name],
            report={"data": {"is_demo": evaluation["trained_on"]["is_demo"]}},  # the frame of every page asks for it
            training=report["data"]["parts"]["training"]["by_class"],
            classes=classes_in_english(),
            page_of=partial(_page_of, names),
            styles=styles,
            styles_hash=csp_hash(styles),
            not_checked=NOT_CHECKED,
        )
        (into / _page_of(names, name)).write_text(page, encoding="utf-8", newline="\n")
    return _page_of(names, names[0])


def _page_of(names: list[str], name: str) -> str:
    return "evaluation.html" if name == names[0] else f"evaluation-{name}.html"
