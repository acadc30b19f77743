"""The leaderboard page of the site, and its figures as a file beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

from builder.evaluate.comparison import better_of
from builder.site.file_names import BOARD, BOARD_SCHEMA
from builder.site.report_pages import Report, report_context
from builder.site.scripts import SCRIPTS, write_bundle

PAGE, TEMPLATE = "leaderboard.html", "_leaderboard.html"
SCRIPT = SCRIPTS / "_leaderboard.js"


def write_board_page(environment: Environment, board: Mapping[str, Any], report: Report, into: Path) -> None:
    """Write page, script, JSON and schema into the site; board: as `leaderboard.schema.json` describes it."""
    context = report_context(report, board["compared_with"], has_board=True)
    page = environment.get_template(TEMPLATE).render({**context, "board": board, "better_of": better_of})
    (into / PAGE).write_text(page, encoding="utf-8", newline="\n")
    (into / BOARD).write_text(json.dumps(board, indent=1, allow_nan=False), encoding="utf-8")
    shutil.copy(Path(__file__).with_name(BOARD_SCHEMA), into)
    write_bundle(SCRIPT, into / "js" / SCRIPT.name.removeprefix("_"))
