"""How long a visitor waits for the first answer, on lines of certain speeds, with nothing of the site on the device.

    .venv/bin/python -m pip install -r benchmarks/requirements.txt      (once: the site does without)
    .venv/bin/python benchmarks/first_answer.py [SITE...] [--line MBIT/S ROUND-TRIP-MS]... [--runs N] [--waterfall]

From the start of the navigation to the answer, in Chromium, for a photo that is chosen as soon as there is where to
choose one; then on a second visit, when the browser has forgotten what browsers forget in time (its own cache) and the
site is as it was. For the origin's way, give a site that was built with `--set export.weights=float32` as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from line import Line, Served, served  # noqa: E402  (beside this file)

from builder.data.demo.draw import draw_demo_photos  # noqa: E402  (the package is not installed)

LINES = [Line(20, 40), Line(1.6, 150)]
RUNS = 3
AT_MOST_MS = 1_200_000  # 104 MB on the slower line take half of it
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
NOTE_THE_ANSWER = """
performance.setResourceTimingBufferSize(1000);
addEventListener("DOMContentLoaded", () => {
  const main = document.querySelector("main");
  const look = () => {
    globalThis[`${main.dataset.state}At`] ??= performance.now();
    if (main.dataset.state === "result") globalThis.answeredBy = main.dataset.backend;
  };
  new MutationObserver(look).observe(main, { attributes: true, attributeFilter: ["data-state"] });
});
"""
REQUESTS = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind)).map((entry) => ({
  name: entry.name.split("/lesionlens/")[1] || entry.name, start: entry.startTime + performance.timeOrigin,
  first: entry.responseStart + performance.timeOrigin, end: entry.responseEnd + performance.timeOrigin,
  bytes: entry.transferSize,
}))"""


@dataclass(frozen=True, slots=True)
class Visit:
    """seconds: to the answer; bytes: over the line until then, and those of weights among them."""

    seconds: float
    line_bytes: int
    weight_bytes: int
    requests: list[dict[str, Any]]
    backend: str


def visit(context: BrowserContext, site: Served, photo: Path) -> Visit:
    """Open the page, choose the photo, wait for its answer; leaves when the site is kept on the device."""
    page = context.new_page()
    page.set_default_timeout(AT_MOST_MS)
    page.add_init_script(NOTE_THE_ANSWER)
    site.traffic.clear()
    page.goto(f"{site.address}index.html", wait_until="commit")
    page.wait_for_selector("#photo", state="attached")
    page.set_input_files("#photo", photo)
    page.wait_for_selector("main:is([data-state=result], [data-state=error])")
    if not page.evaluate("globalThis.resultAt"):
        raise SystemExit(f"the page gives no answer: {page.inner_text('#message')}")
    line_bytes = site.traffic.line_bytes
    weights = sum(size for path, size in site.traffic.content_bytes.items() if path.endswith(".bin"))
    done = Visit(page.evaluate("resultAt") / 1000, line_bytes, weights, requests_of(page), page.evaluate("answeredBy"))
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.close()
    return done


def requests_of(page: Page) -> list[dict[str, Any]]:
    """What the page and its worker asked for, in seconds from the start of the navigation."""
    origin = page.evaluate("performance.timeOrigin")
    asked = page.evaluate(REQUESTS) + [request for worker in page.workers for request in worker.evaluate(REQUESTS)]
    for request in asked:
        request.update({name: (request[name] - origin) / 1000 for name in ("start", "first", "end")})
    return sorted(asked, key=lambda request: (request["start"], request["end"]))


def measure(
    browsers: list[Browser], sites: list[Served], photo: Path, runs: int
) -> list[tuple[list[Visit], list[Visit]]]:
    """First and second visits of every site; by turns, so that whatever else the machine does slows all alike."""
    visits: list[tuple[list[Visit], list[Visit]]] = [([], []) for _ in sites]
    for _ in range(runs):
        for browser, site, (firsts, seconds) in zip(browsers, sites, visits, strict=True):
            context = browser.new_context(viewport={"width": 390, "height": 844})
            firsts.append(visit(context, site, photo))
            page = context.new_page()
            context.new_cdp_session(page).send("Network.clearBrowserCache")
            page.close()
            seconds.append(visit(context, site, photo))
            context.close()
    return visits


def show(which: str, visits: list[Visit]) -> None:
    median = statistics.median(each.seconds for each in visits)
    middle = min(visits, key=lambda each: abs(each.seconds - median))
    spread = f"({min(each.seconds for each in visits):.2f}-{max(each.seconds for each in visits):.2f})"
    through = f"{middle.line_bytes / 1e6:6.2f} MB over the line, {middle.weight_bytes / 1e6:.2f} of weights"
    print(f"  {which:<14}{median:6.2f} s  {spread:<15}{through}, on {middle.backend}", flush=True)


def show_requests(which: str, of_visit: Visit) -> None:
    print(f"\n  {which}, request by request\n  {'asked':>6} {'first':>6} {'last':>6} {'bytes':>9}")
    for request in of_visit.requests:
        times = " ".join(f"{request[name]:6.2f}" for name in ("start", "first", "end"))
        print(f"  {times} {request['bytes']:9,}  {request['name']}")
    print(f"  {of_visit.seconds:6.2f} the answer\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sites", metavar="SITE", type=Path, nargs="*", default=[REPOSITORY / "site"])
    parser.add_argument("--line", metavar=("MBIT/S", "MS"), type=float, nargs=2, action="append")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--waterfall", action="store_true", help="show the requests of the last first visit, too")
    given = parser.parse_args()
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        photo = Path(folder) / "photo.jpg"
        Image.fromarray(draw_demo_photos(1, seed=5, width_px=600, height_px=450)[0].pixels).save(photo, quality=92)
        for line in [Line(*each) for each in given.line] if given.line else LINES:
            print(f"{line}; {os.cpu_count()} cores; medians of {given.runs}")
            with ExitStack() as stack:
                sites = [stack.enter_context(served(site, line)) for site in given.sites]
                browsers = [
                    playwright.chromium.launch(
                        executable_path=executable, args=[*BROWSER_ARGUMENTS, site.browser_argument]
                    )
                    for site in sites
                ]
                all_visits = measure(browsers, sites, photo, given.runs)
                for browser in browsers:
                    browser.close()
            for site, (firsts, seconds) in zip(given.sites, all_visits, strict=True):
                print(f" {site.name}: {', '.join(sorted(model.name for model in (site / 'model').iterdir()))}")
                for which, visits in (("first visit", firsts), ("second visit", seconds)):
                    show(which, visits)
                    if given.waterfall:
                        show_requests(which, visits[-1])


if __name__ == "__main__":
    main()
