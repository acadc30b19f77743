"""The paths of this program's own folders, and of the folders that a build uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
TEMPLATES = REPOSITORY / "web_template"
NODE_MODULES = REPOSITORY / "node_modules"
TRAINED = REPOSITORY / "trained"  # networks that ship


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder a build works in, and the folder of its site."""

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
    """The folders of all stage results for one network."""

    trained: Path
    calibrated: Path
    ood: Path
    evaluated: Path
    exported: Path
