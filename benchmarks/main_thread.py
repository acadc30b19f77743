"""How long the page's main thread is held up, while the network loads and while a large photo is answered.

    .venv/bin/python benchmarks/main_thread.py [--site FOLDER]

Opens the site over http in Chromium, at full speed and at a quarter of it (as on a cheap phone), on a first and on a
second visit, and prints every task over 50 ms, which is where a person begins to notice, as the page itself is told of
them; and the processor time of the longest task, which is the same however busy the machine is with other things.
Photos: 12 megapixels, as a phone makes them, upright and turned by EXIF.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.data.demo.draw import draw_demo_photos  # noqa: E402  (the package is not installed)
from builder.site.serve import SUB_PATH, make_server  # noqa: E402

WIDTH_PX, HEIGHT_PX = 4032, 3024
EXIF_ORIENTATION = 274
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
MARK = "main thread of the page"
COUNT_LONG_TASKS = """
globalThis.longTasks = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longTasks.push(duration);
}).observe({ type: "longtask", buffered: true });
"""


def write_photos(folder: Path) -> dict[str, Path]:
    """A drawn lesion as a phone would save it: with noise, so that the file is as large as a real one."""
    drawn = draw_demo_photos(1, seed=5, width_px=1008, height_px=756)[0].pixels
    noise = np.random.default_rng(1).integers(-6, 7, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.int16)
    pixels = np.clip(np.repeat(np.repeat(drawn, 4, axis=0), 4, axis=1) + noise, 0, 255).astype(np.uint8)
    photos = {}
    for name, orientation in (("upright", 1), ("turned", 6)):
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = orientation
        photos[name] = folder / f"{name}.jpg"
        Image.fromarray(pixels).save(photos[name], quality=92, exif=exif)
    return photos


def measure(browser: Browser, address: str, rate: int, photos: dict[str, Path]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    for visit in ("first visit", "second visit"):
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.add_init_script(COUNT_LONG_TASKS)
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
        with measured(page, f"speed 1/{rate}  {visit}: loading"):
            page.goto(f"{address}index.html")
            page.wait_for_selector("main[data-state=ready]")
        for name, photo in photos.items():
            with measured(page, f"speed 1/{rate}  {visit}: photo, {name}"):
                page.set_input_files("#photo", photo)
                page.wait_for_selector("main[data-state=result]")
        page.close()
    context.close()


@contextmanager
def measured(page: Page, what: str) -> Iterator[None]:
    """Print what held up the page's main thread within."""
    assert page.context.browser
    page.context.browser.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
    yield
    page.wait_for_timeout(500)  # long tasks are told a little later
    page.evaluate(f"performance.mark('{MARK}')")
    trace = json.loads(page.context.browser.stop_tracing())
    told = [round(duration) for duration in page.evaluate("longTasks.splice(0)")]
    slow = f"{len(told)} of them: {told}" if told else "none"
    print(f"{what:40}  longest {longest_ms(trace):3.0f} ms of processor time; over 50 ms: {slow}", flush=True)


def longest_ms(trace: dict[str, Any]) -> float:
    """The processor time of the longest task of the main thread: the one that bears the mark."""
    events = trace["traceEvents"]
    [main_thread] = {(event["pid"], event["tid"]) for event in events if event.get("name") == MARK}
    tasks = [event for event in events if event.get("ph") == "X" and (event["pid"], event["tid"]) == main_thread]
    return max(float(event.get("tdur", 0)) for event in tasks) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, default=REPOSITORY / "site")
    site = parser.parse_args().site
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, make_server(site, 0) as server, sync_playwright() as playwright:
        photos = write_photos(Path(folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        for rate in (1, 4):
            measure(browser, f"http://127.0.0.1:{server.server_port}{SUB_PATH}", rate, photos)
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
