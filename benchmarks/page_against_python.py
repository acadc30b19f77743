"""The page's probabilities against those of `predict`, on any photos; and the page's times.

    .venv/bin/python benchmarks/page_against_python.py PHOTO...

Uses the site in site/, in Chromium, over http and opened from disk, on the backend that the page itself chooses.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.serve import SUB_PATH, make_server  # noqa: E402  (the package is not installed)

SITE = REPOSITORY / "site"
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


def from_python(photos: list[str]) -> list[dict[str, float]]:
    command = [sys.executable, str(REPOSITORY / "build.py"), "predict", "--json", *photos]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return [row["probabilities"] for row in json.loads(told.stdout)["photos"]]


def from_page(browser: Browser, address: str, photos: list[str]) -> tuple[list[dict[str, float]], str]:
    page = browser.new_page()
    page.set_default_timeout(300_000)
    opened = time.perf_counter()
    page.goto(f"{address}index.html")
    page.wait_for_selector("main[data-state=ready]")
    ready = time.perf_counter()
    answers = []
    for photo in photos:
        page.set_input_files("#photo", photo)
        page.wait_for_selector("main[data-state=result]")
        rows = page.eval_on_selector_all(
            "[data-code]", "all => all.map(row => [row.dataset.code, row.dataset.probability])"
        )
        answers.append({code: float(probability) for code, probability in rows})
    each_s = (time.perf_counter() - ready) / len(photos)
    backend = page.get_attribute("main", "data-backend")
    page.close()
    return answers, f"ready after {ready - opened:.1f} s, then {each_s:.2f} s a photo, on {backend}"


def main() -> None:
    photos = sys.argv[1:]
    if not photos:
        raise SystemExit(__doc__)
    expected = from_python(photos)
    with make_server(SITE, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        installed = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=installed, args=BROWSER_ARGUMENTS)
        ways = {"http": f"http://127.0.0.1:{server.server_port}{SUB_PATH}", "disk": f"{SITE.as_uri()}/"}
        for way, address in ways.items():
            answers, times = from_page(browser, address, photos)
            worst = max(
                (abs(given[code] - wanted[code]), Path(photo).name, code)
                for photo, given, wanted in zip(photos, answers, expected, strict=True)
                for code in wanted
            )
            print(f"{way}: {len(photos)} photos, largest difference {worst[0]:.2g} ({worst[2]} of {worst[1]}); {times}")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
