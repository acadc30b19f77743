"""Bundles the page's modules into classic scripts, the only scripts that pages opened from disk can load."""

from __future__ import annotations

import subprocess
from pathlib import Path

from builder.errors import BuildError
from builder.folders import NODE_MODULES, TEMPLATES

SCRIPTS = TEMPLATES / "js"
PACKAGES = NODE_MODULES / "@esbuild"
# Readable, and as written: nothing is minified or put in older words. Modules are strict, so their bundle is too.
HOW = (
    "--bundle",
    "--format=iife",
    "--target=esnext",
    "--charset=utf8",
    "--log-level=error",
    '--tsconfig-raw={"compilerOptions": {"alwaysStrict": true}}',
)


def bundle_scripts(into: Path) -> None:
    """Write the scripts that pages load into the site's `js/`.

    Each file at the top of `web_template/js/` becomes one script, with the modules it imports from the folders. Files
    whose names begin with `_` are for single pages, which bundle them themselves.
    """
    (into / "js").mkdir(exist_ok=True)
    for file in sorted(SCRIPTS.glob("[!_]*.js")):
        write_bundle(file, into / "js" / file.name)


def write_bundle(module: Path, into: Path) -> None:
    """Write a module and everything it imports as one classic script."""
    into.write_text(bundle(module.read_text(encoding="utf-8"), module.parent), encoding="utf-8", newline="\n")


def bundle(source: str, folder: Path = SCRIPTS) -> str:
    """Bundle a module's `source` and its imports, relative to `folder`, into one classic script."""
    # The platform's own program, as no install script of a package ever runs: npm has fetched this one alone.
    program = next((file for name in ("*/bin/esbuild", "*/esbuild.exe") for file in PACKAGES.glob(name)), None)
    if program is None:
        raise BuildError(
            "The program that bundles the page's scripts is missing",
            remedy="delete node_modules and run python build.py again, which fetches it",
        )
    bundled = subprocess.run([program, *HOW], cwd=folder, input=source.encode(), capture_output=True, check=False)
    if bundled.returncode != 0:
        raise BuildError(
            f"The page's scripts could not be bundled: {_first_line(bundled.stderr)}",
            remedy="mend what it names in web_template/js",
        )
    return bundled.stdout.decode()


def _first_line(said: bytes) -> str:
    return next(filter(None, said.decode(errors="replace").splitlines()), "esbuild does not say why")
