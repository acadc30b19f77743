"""Copies TensorFlow.js, which npm has installed, into the site."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.export.disk_copies import write_disk_copy
from builder.folders import NODE_MODULES

PACKAGES = NODE_MODULES / "@tensorflow"
SCRIPTS = ("tfjs-core", "tfjs-layers", "tfjs-backend-cpu", "tfjs-backend-webgl", "tfjs-backend-wasm")
# With and without SIMD. A threaded build exists, but threads need headers that a static host does not send.
WASM_FILES = ("tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm.wasm")


def copy_tensorflowjs(site: Path) -> None:
    """Copy its scripts and WASM files into the site's `vendor/`, with disk copies of the WASM files."""
    vendor = site / "vendor"
    vendor.mkdir()
    for package in SCRIPTS:
        shutil.copy(PACKAGES / package / "dist" / f"{package.replace('tfjs', 'tf')}.es2017.min.js", vendor)
    for name in WASM_FILES:
        shutil.copy(PACKAGES / "tfjs-backend-wasm" / "dist" / name, vendor)
        write_disk_copy(vendor / name, site)
