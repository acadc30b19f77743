"""A bare page with the site's real scripts and the site's real content-security policy, to test the scripts alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.site.render import template_environment

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "web_template"
VENDOR = ROOT / "node_modules" / "@tensorflow"
TENSORFLOW = ("core", "layers", "backend-cpu", "backend-webgl", "backend-wasm")
WASM = ("tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm")


def write_page(folder: Path, scripts: list[str], *, own_script: str, tensorflow: bool = False) -> Path:
    """Write `index.html` with `scripts` (names without `.js`) and one script of the test's own.

    tensorflow: whether TensorFlow.js is there for `backend.js` to load.
    """
    (folder / "js").mkdir()
    addresses = []
    if tensorflow:
        copy_tensorflow(folder / "vendor")
    for name in ["trusted", *scripts]:
        shutil.copy(TEMPLATE / "js" / f"{name}.js", folder / "js")
        addresses.append(f"js/{name}.js")
    (folder / "js" / "test.js").write_text(own_script, encoding="utf-8")
    addresses.append("js/test.js")
    tags = "".join(f'<script defer src="{address}"></script>' for address in addresses)
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8">{policy()}<title>test</title>{tags}<input type="file" id="photo">',
        encoding="utf-8",
    )
    return page


def policy() -> str:
    """What the site's page begins with: its content-security policy, and the script that closes what that leaves."""
    return str(template_environment().get_template("_policy.html").module.policy("lesionlens"))  # type: ignore[attr-defined]


def copy_tensorflow(vendor: Path) -> None:
    vendor.mkdir()
    for name in WASM:
        shutil.copy(VENDOR / "tfjs-backend-wasm" / "dist" / name, vendor)
    for part in TENSORFLOW:
        shutil.copy(VENDOR / f"tfjs-{part}" / "dist" / f"tf-{part}.es2017.min.js", vendor)
