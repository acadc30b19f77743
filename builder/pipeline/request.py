"""The request for a build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.config.read import parse_setting, read_config


@dataclass(frozen=True, slots=True)
class Request:
    """The request from the command line: a config file and changes to it."""

    config_file: Path
    source: str | None = None
    settings: tuple[str, ...] = ()

    def config(self) -> Config:
        return read_config(self.config_file, source=self.source, settings=list(self.settings))

    def changes(self) -> dict[tuple[str, ...], Any]:
        """The changes to the file, by table and key."""
        changes = dict(parse_setting(setting) for setting in self.settings)
        if self.source is not None:
            changes["data", "source"] = self.source
        return changes
