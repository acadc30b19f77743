"""Times of the leaderboard: how long each network takes for a photo in a real browser, measured in turns."""

from __future__ import annotations

import json
import shutil
import statistics
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError

from builder.errors import BuildError
from builder.export.disk_copies import SUFFIX
from builder.files.ownership import copy_files
from builder.progress import steps
from builder.site.scripts import write_bundle
from builder.site.serve import SUB_PATH, make_server
from builder.site.tensorflowjs_scripts import copy_tensorflowjs
from builder.studies.leaderboard import TIMES

BACKEND = "wasm"  # it is on every device, and what most answer with
WARM_UP_ROUNDS = 4  # memory is taken and code is compiled
ROUNDS = 40  # the median then moves by a few hundredths from run to run
LOADING_MS = 600_000  # a hundred megabytes of weights on a slow machine
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")  # by the names systems give it
CHANNELS = ("chrome", "msedge")  # where they are on no path, as on macOS and Windows
SCRIPT = Path(__file__).with_name("times.js")


def time_in_browser(exported: Mapping[str, Path], into: Path) -> None:
    """Stage entry: save `times.json`: for each network the milliseconds per photo, and the browser used.

    exported: the folder of each network's files; the first network is the reference. No two runs give the same
    milliseconds.
    """
    names = list(exported)
    with TemporaryDirectory() as folder:
        site = Path(folder)
        _write_site(site, exported.values())
        with open_browser() as browser, make_server(site, 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                page = browser.new_page()
                page.set_default_timeout(LOADING_MS)
                page.goto(f"http://127.0.0.1:{server.server_port}{SUB_PATH}")
                rounds = _run(page, names)
                simd = page.evaluate("tf.env().get('WASM_HAS_SIMD_SUPPORT')")
            finally:
                server.shutdown()
            about = {
                "name": browser.browser_type.name, "version": browser.version, "backend": BACKEND, "simd": bool(simd),
                "threads": 1, "warm_up_rounds": WARM_UP_ROUNDS, "rounds": ROUNDS,
            }  # fmt: skip
    times = {"browser": about, "networks": dict(zip(names, summarise(rounds), strict=True))}
    (into / TIMES).write_text(json.dumps(times, indent=1), encoding="utf-8")


def summarise(rounds: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    """From each network's milliseconds per round: median, fastest, and ratio to the first network.

    The ratio is the median of the ratios per round: what slows down a round slows down all networks in it.
    """
    return [
        {
            "median_ms": round(statistics.median(own), 2),
            "fastest_ms": round(min(own), 2),
            "times_first": round(statistics.median(ms / first for ms, first in zip(own, firsts, strict=True)), 3),
        }
        for firsts in [[each[0] for each in rounds]]
        for own in zip(*rounds, strict=True)
    ]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium: the system's, or the one that playwright has downloaded, Chrome or Edge."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


def _launch(playwright: Playwright) -> Browser:
    installed = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    ways: list[dict[str, Any]] = (
        [{"executable_path": installed}] if installed else [{}, *({"channel": channel} for channel in CHANNELS)]
    )
    for way in ways:
        try:
            return playwright.chromium.launch(**way)
        except BrowserError as error:
            said = error.message.splitlines()[0]
    raise BuildError(
        f"no Chromium could be started to time the networks in: {said}",
        remedy="install Chromium or Chrome, or let playwright fetch one (.venv/bin/python -m playwright install "
        "chromium); or leave these times out with --without-times",
    )


def _write_site(site: Path, exported: Iterable[Path]) -> None:
    """Write a bare page with the networks and the modules that classify photos in the site's page."""
    for folder in exported:
        copy_files((file for file in folder.glob("model/*/*") if file.suffix != SUFFIX), folder, site)
    copy_tensorflowjs(site)
    (site / "js").mkdir()
    write_bundle(SCRIPT, site / "js" / SCRIPT.name)
    tag = f'<script defer src="js/{SCRIPT.name}"></script>'
    page = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>times</title>{tag}'
    (site / "index.html").write_text(page, encoding="utf-8")


def _run(page: Page, names: Sequence[str]) -> list[list[float]]:
    """The milliseconds of each network, round by round."""
    rounds = []
    with steps("timing in the browser", len(names) + WARM_UP_ROUNDS + ROUNDS) as advance:
        for name in names:
            page.evaluate("([name, backend]) => Times.load(name, backend)", [name, BACKEND])
            advance()
        for number in range(WARM_UP_ROUNDS + ROUNDS):
            rounds.append(page.evaluate("(number) => Times.round(number)", number))
            advance()
    return rounds[WARM_UP_ROUNDS:]
