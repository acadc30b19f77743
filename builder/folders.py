"""Where things are: this program's own folders, and those that a build works in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
TEMPLATES = REPOSITORY / "web_template"
NODE_MODULES = REPOSITORY / "node_modules"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a build works and where its site goes."""

    work: Path = REPOSITORY / "work"
    site: Path = REPOSITORY / "site"

    @property
    def search(self) -> Path:
        return self.work / "search"

    @property
    def survey(self) -> Path:
        return self.work / "survey"

    @property
    def comparison(self) -> Path:
        return self.work / "comparison"

    @property
    def record(self) -> Path:
        return self.work / "last_build.json"


@dataclass(frozen=True, slots=True)
class NetworkResults:
    """Where the stages have left what they made of one network."""

    trained: Path
    calibrated: Path
    ood: Path
    evaluated: Path
    exported: Path
