"""A visit to the built page: a browser's page over http, and what a visitor does there and reads."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from builder.site.serve import SUB_PATH, make_server
from tests.conftest import REPOSITORY

AXE = (REPOSITORY / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WAIT_MS = 120_000  # test machines are slow
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
# On a fast line the page fetches its other networks by itself, which would slow every visit of the tests.
METERED = "Object.defineProperty(Navigator.prototype, 'connection', { value: { saveData: true }, configurable: true });"
NOTE_VIOLATIONS = """globalThis.violations = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, sample }) => {
  violations.push(`${effectiveDirective} ${sample}`);
});"""
LOADED = "main[data-state=ready], main[data-state=error]"
LAST_SHARD = "**/group1-shard1of1.bin"  # of the network that answers first
SKIN, BROWN = (214, 170, 150), (96, 58, 44)


@contextmanager
def visit(browser: Browser, site: Path, **context_options: Any) -> Iterator[Page]:
    """The page with its network loaded; fails if the page reports an error of its own."""
    errors: list[str] = []
    with make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(**{**DESKTOP, "service_workers": "block", **context_options})
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(METERED)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}{SUB_PATH}index.html")
        page.wait_for_selector("main[data-state=ready]")
        yield page
        context.close()
        server.shutdown()
    assert errors == []


def choose(page: Page, *photos: bytes, names: tuple[str, ...] = ()) -> None:
    files = [
        {"name": name, "mimeType": "image/png", "buffer": photo}
        for photo, name in zip(photos, names or [f"photo {i + 1}.png" for i in range(len(photos))], strict=True)
    ]
    page.set_input_files("#photo", files)  # type: ignore[arg-type]


def settle(page: Page) -> None:
    """Wait until the page has answered what was last asked of it."""
    page.wait_for_selector("main[data-state=result], main[data-state=error]")


def answer(page: Page, photo: bytes) -> dict[str, float]:
    choose(page, photo)
    settle(page)
    return rows(page)


def rows(page: Page) -> dict[str, float]:
    assert page.get_attribute("main", "data-state") == "result", page.inner_text("#message")
    found = page.eval_on_selector_all(
        "[data-code]", "all => all.map(one => [one.dataset.code, one.dataset.probability])"
    )
    return {code: float(probability) for code, probability in found}


def hold(page: Page, pattern: str) -> list[Route]:
    """Keep a request back until the test lets it go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Let the request go on; the page may not have come to it yet."""
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()


def frame(page: Page) -> dict[str, float]:
    """The crop frame in pixels of the photo, as the page has it in full precision."""
    shown = page.eval_on_selector("#frame", "({ dataset }) => ({ ...dataset })")
    return {name: float(shown[name]) for name in ("x", "y", "width", "height")}


def violations(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def spot_photo(
    width: int, height: int, *, x: float = 0.5, y: float = 0.5, radius: float = 40, seed: int = 1
) -> NDArray[np.uint8]:
    """Mottled skin with a brown spot of `radius` pixels at a share of width and height; radius 0: skin alone."""
    random = np.random.default_rng(seed)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    distance = np.hypot(across - x * width, (down - y * height) * 1.2)
    inside = np.clip((radius - distance) / 3, 0, 1)[..., None] if radius else np.zeros((height, width, 1))
    colour = np.array(SKIN) * (1 - inside) + np.array(BROWN) * inside + random.normal(0, 5, (height, width, 3))
    return np.clip(colour, 0, 255).astype(np.uint8)


def saved(page: Page, selector: str) -> str:
    """What a button hands over as a file."""
    with page.expect_download() as download:
        page.click(selector)
    return Path(download.value.path()).read_text(encoding="utf-8")
