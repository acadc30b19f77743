"""Last stage: the site, from the templates, the figures, the exported network and TensorFlow.js."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from builder.classes import classes_as_dicts
from builder.config import Config
from builder.formatting import FILTERS
from builder.plots import GLOBALS
from builder.twins import write_twin

REPOSITORY = Path(__file__).parent.parent
TEMPLATES = REPOSITORY / "web_template"
PACKAGES = REPOSITORY / "node_modules" / "@tensorflow"

SCRIPTS = ("tfjs-core", "tfjs-layers", "tfjs-backend-cpu", "tfjs-backend-webgl", "tfjs-backend-wasm")
# With and without SIMD. A threaded build exists, but threads need headers that a static host does not send.
WASM_FILES = ("tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm.wasm")


def render_site(evaluated: Path, exported: Path, config: Config, into: Path) -> None:
    """Stage entry: save the whole site in `into`."""
    report = assemble_report(evaluated, exported, config)
    shutil.copytree(exported / "model", into / "model")
    shutil.copy(evaluated / "predictions.csv", into / "predictions.csv")
    (into / "report.json").write_text(json.dumps(report, indent=1, allow_nan=False), encoding="utf-8")
    _copy_tensorflowjs(into)
    _render_templates(into, {
        "report": report,
        "classes": classes_as_dicts(),
        "network_name": "cnn",
        "network": report["networks"]["cnn"],
        "model_bytes": report["networks"]["cnn"]["export"]["bytes"],
    })  # fmt: skip


def assemble_report(evaluated: Path, exported: Path, config: Config) -> dict[str, Any]:
    """Every figure the report page shows, as `report.json` holds them."""
    figures = json.loads((evaluated / "figures.json").read_text(encoding="utf-8"))
    export = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    settings = config.as_dict()
    # A folder's path says nothing about the data to a reader, but something about whoever built the site.
    settings["data"]["source"] = figures["data"]["source"]
    settings["data"]["test_source"] = figures["data"]["test_source"]
    return {
        "data": figures["data"],
        "config": settings,
        "networks": {"cnn": {**figures["network"], "export": export}},
    }


def _copy_tensorflowjs(into: Path) -> None:
    vendor = into / "vendor"
    vendor.mkdir()
    for package in SCRIPTS:
        shutil.copy(PACKAGES / package / "dist" / f"{package.replace('tfjs', 'tf')}.es2017.min.js", vendor)
    for name in WASM_FILES:
        shutil.copy(PACKAGES / "tfjs-backend-wasm" / "dist" / name, vendor)
        write_twin(vendor / name, into)


def template_environment() -> Environment:
    """The templates of `web_template`, with the filters and drawings that they use."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(GLOBALS)
    return environment


def _render_templates(into: Path, context: dict[str, Any]) -> None:
    """Render pages and copy everything else; what begins with `_` is a part of a page, not a page."""
    environment = template_environment()
    for file in sorted(TEMPLATES.rglob("*")):
        path = file.relative_to(TEMPLATES)
        if file.is_dir() or any(part.startswith("_") for part in path.parts):
            continue
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".html":
            target.write_text(environment.get_template(path.as_posix()).render(context), encoding="utf-8", newline="\n")
        else:
            shutil.copy(file, target)
