"""The Node.js that Playwright brings with it: it runs the type checker, and the bridge to Firefox."""

from __future__ import annotations

from playwright._impl._driver import compute_driver_executable

NODE, _ = compute_driver_executable()
