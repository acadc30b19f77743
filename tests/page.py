"""A bare page with modules of the site's page and the site's real content-security policy, to test them alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.site.render import template_environment
from builder.site.scripts import bundle

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "web_template"
VENDOR = ROOT / "node_modules" / "@tensorflow"
TENSORFLOW = ("core", "layers", "backend-cpu", "backend-webgl", "backend-wasm")
WASM = ("tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm")


def write_page(folder: Path, modules: list[str], *, own_script: str, tensorflow: bool = False) -> Path:
    """Write `index.html` with `modules`, such as "site/bytes", as globals (`Bytes`), and one script of the test's own.

    tensorflow: whether TensorFlow.js is there to be loaded.
    """
    (folder / "js").mkdir()
    if tensorflow:
        copy_tensorflow(folder / "vendor")
    (folder / "js" / "modules.js").write_text(bundle(as_globals(modules)), encoding="utf-8")
    (folder / "js" / "test.js").write_text(own_script, encoding="utf-8")
    tags = "".join(f'<script defer src="js/{name}.js"></script>' for name in ("modules", "test"))
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8">{policy()}<title>test</title>{tags}<input type="file" id="photo">',
        encoding="utf-8",
    )
    return page


def as_globals(modules: list[str]) -> str:
    """A script that makes globals of modules of the page, each named after its file."""
    names = {module: "".join(part.capitalize() for part in module.rpartition("/")[2].split("_")) for module in modules}
    imports = "".join(f'import * as {name} from "./{module}.js";\n' for module, name in names.items())
    return f"{imports}Object.assign(globalThis, {{ {', '.join(names.values())} }});\n"


def policy() -> str:
    """What the site's page begins with: its content-security policy, and the script that closes what that leaves."""
    return str(template_environment().get_template("_policy.html").module.policy("lesionlens"))  # type: ignore[attr-defined]


def copy_tensorflow(vendor: Path) -> None:
    vendor.mkdir()
    for name in WASM:
        shutil.copy(VENDOR / "tfjs-backend-wasm" / "dist" / name, vendor)
    for part in TENSORFLOW:
        shutil.copy(VENDOR / f"tfjs-{part}" / "dist" / f"tf-{part}.es2017.min.js", vendor)
