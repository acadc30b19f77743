"""The config file of a released network: every setting that its build had, as TOML."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.files.regular import read_text
from builder.site.public_settings import public_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEADER = """# All settings that this network was built with. To train it again, on the same data:
# python build.py --config {file} --data SOURCE
"""


def write_config(config: Config, network: str, data: Mapping[str, Any], file: Path, called: str) -> None:
    """Write the config of one network; data: that part of the report. called: the file's path, for whoever reads it."""
    tables = public_settings(config.as_dict(), data)
    of_networks = tables.pop("networks")
    tables["site"] = {**tables["site"], "networks": [network], "address": ""}
    lines = [HEADER.format(file=called)]
    for name, table in {**tables, "search": asdict(config.search), network: of_networks[network]}.items():
        lines += [f"[{name}]", *_lines(table), ""]
    file.write_text("\n".join(lines), encoding="utf-8", newline="\n")


def read_settings(file: Path, network: str) -> dict[str, Any]:
    """The settings in that file, as `Config.as_dict` gives them. Raises OSError or ValueError if it is damaged."""
    tables = tomllib.loads(read_text(file))
    own = tables.pop(network)
    return {**{name: table for name, table in tables.items() if name != "search"}, "networks": {network: own}}


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    """A value as TOML; texts, numbers, booleans and lists are written as in JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_lines(value)) + " }"
    return json.dumps(value, ensure_ascii=False)
