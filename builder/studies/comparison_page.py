"""The page that compares two or more builds; it is for developers, and not part of a site."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from builder.evaluate.comparison import better_of
from builder.files.ownership import replacing
from builder.folders import TEMPLATES
from builder.site.render import template_environment

STYLES = "*.css"


def write_comparison_page(comparison: dict[str, Any], into: Path) -> Path:
    """Write `into`/index.html about a comparison, and return it.

    comparison: `photos`, `lesions`, `resamples`, `is_demo`; `rows`, the figures compared, each with `name`, `title`,
    `kind` ("share", "score" or "number") and `lower_is_better`; `builds`, each with `name`, `file`, `network`, `data`,
    `epochs` and `figures` (by the names of the rows); `pairs`, each with the indices `first` and `second` in `builds`,
    `differences` (second minus first, by the names of the rows, as {"value", "low", "high"}) and `mcnemar`
    (`only_first_right`, `only_second_right`, and as in `builder/evaluate/mcnemar.py` `p_over_lesions` and `p`, which
    are None if there is nothing to test).
    """
    page = template_environment().get_template("_comparison.html").render(
        comparison=comparison,
        report={"data": {"is_demo": comparison["is_demo"]}},  # the frame of every page asks for it
        better_of=better_of,
    )  # fmt: skip
    with replacing(into) as fresh:
        (fresh / "css").mkdir()
        for style in sorted((TEMPLATES / "css").glob(STYLES)):
            shutil.copy(style, fresh / "css")
        shutil.copy(TEMPLATES / "icon.svg", fresh)
        (fresh / "index.html").write_text(page, encoding="utf-8", newline="\n")
    return into / "index.html"
