"""The page's modules as the site has them: bundled into classic scripts, the same bytes each time, or refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.site.scripts import SCRIPTS, bundle, bundle_scripts

IMPORT = re.compile(r'^(?:import|export) (?:.* from )?"(.+)";', re.MULTILINE)
# Folders of the page's modules; each may use those before it, and itself.
ROOMS = ("site", "photo", "network", "page", "framing", "answer", "table", "history", "visit", "chooser")


def imports_of(module: Path) -> list[Path]:
    return [(module.parent / address).resolve() for address in IMPORT.findall(module.read_text(encoding="utf-8"))]


MODULES = sorted(SCRIPTS.rglob("*.js"))


def test_the_same_modules_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        bundle_scripts(tmp_path / name)
    written = {file.name: file.read_bytes() for file in (tmp_path / "one" / "js").iterdir()}
    assert written == {file.name: file.read_bytes() for file in (tmp_path / "other" / "js").iterdir()}
    assert written.keys() == {"app.js", "language.js", "watch.js", "worker.js"}


def test_each_script_is_classic_readable_and_strict(tmp_path: Path) -> None:
    bundle_scripts(tmp_path)
    for file in (tmp_path / "js").iterdir():
        text = file.read_text(encoding="utf-8")
        assert text.startswith('"use strict";\n(() => {\n') and text.endswith("})();\n")
        assert not re.search(r"^\s*(import|export) ", text, re.MULTILINE)
        assert str(SCRIPTS.parent) not in text
        assert max(map(len, text.splitlines())) < 1000 and text.count("\n") > 10


def test_no_module_is_left_over() -> None:
    """What no page loads is reached from what one loads."""
    reached: set[Path] = set()
    waiting = [module for module in MODULES if module.parent == SCRIPTS]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += imports_of(module)
    assert set(MODULES) == reached


@pytest.mark.parametrize("module", [each for each in MODULES if each.parent != SCRIPTS], ids=lambda each: each.stem)
def test_no_module_imports_up(module: Path) -> None:
    room = ROOMS.index(module.parent.name)
    assert [each for each in imports_of(module) if ROOMS.index(each.parent.name) > room] == []


def test_no_module_needs_itself() -> None:
    needed = {module: set(imports_of(module)) for module in MODULES}
    while free := [module for module, needs in needed.items() if not needs]:
        for module in free:
            del needed[module]
        for needs in needed.values():
            needs.difference_update(free)
    assert sorted(needed) == []


@pytest.mark.parametrize(
    "source", ['import "./no_such.js";', "const broken = ;", 'import { no } from "./site/site.js"; no();']
)
def test_what_cannot_be_bundled_is_said_in_two_lines(source: str) -> None:
    with pytest.raises(BuildError, match="could not be bundled") as refused:
        bundle(source)
    assert "\n" not in str(refused.value) and refused.value.remedy
