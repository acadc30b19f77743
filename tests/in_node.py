"""Runs modules of the page in Node: what touches no document needs no browser."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from builder.site.scripts import SCRIPTS
from tests.node import NODE
from tests.page import as_globals


def in_node(modules: list[str], function: str, argument: Any = None) -> Any:
    """What a JavaScript `function` makes of `argument`; `modules`, such as "photo/crop", are globals (`Crop`)."""
    asked = f"console.log(JSON.stringify(await ({function})({json.dumps(argument)}) ?? null));"
    ran = subprocess.run(
        [NODE, "--input-type=module", "-"],
        capture_output=True, text=True, encoding="utf-8", check=False,
        cwd=SCRIPTS, input=as_globals(modules) + asked,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
