"""The page's probabilities against Python's, on any photos; and the page's times.

    .venv/bin/python benchmarks/page_against_python.py [--site FOLDER] PHOTO...

From a photo's file to its answer with the network that answers first, against `predict`; then from the pixels of the
photo with every network of the site. In Chromium, over http and opened from disk, on the backend that the page chooses.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.export.layers_model import load_layers_model  # noqa: E402
from builder.photo.preprocess import photo_to_pixels  # noqa: E402  (the package is not installed)
from builder.predict.trained import predict  # noqa: E402
from builder.site.scripts import bundle_scripts  # noqa: E402
from builder.site.serve import SUB_PATH, make_server  # noqa: E402
from tests.page import write_page  # noqa: E402

BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


# On a fast line the page fetches its other networks by itself, which would slow its answers.
METERED = "Object.defineProperty(Navigator.prototype, 'connection', { value: { saveData: true } });"
ASK = """async ([folder, photos]) => {
  const network = await Engine.load(folder);
  const answers = [];
  for (const photo of photos) answers.push([...(await network.classify(Base64.decode(photo))).probabilities]);
  return [network.backendName, answers];
}"""


def from_python(site: Path, photos: list[str]) -> list[dict[str, float]]:
    command = [sys.executable, str(REPOSITORY / "build.py"), "--site", str(site), "predict", "--json", *photos]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return [row["probabilities"] for row in json.loads(told.stdout)["photos"]]


def from_page(browser: Browser, address: str, photos: list[str]) -> tuple[list[dict[str, float]], str]:
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.add_init_script(METERED)
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


def from_network(
    browser: Browser, address: str, name: str, pixels: NDArray[np.uint8]
) -> tuple[str, NDArray[np.float64]]:
    """The backend of one network of the site, and its probabilities (photos, 7); address: of a page with the engine."""
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{address}index.html")
    backend, answers = page.evaluate(ASK, [f"model/{name}", [base64.b64encode(p.tobytes()).decode() for p in pixels]])
    page.close()
    return backend, np.array(answers)


def write_engine(site: Path, folder: Path) -> None:
    """A page with the engine of the site's page, and the site's networks."""
    write_page(folder, ["network/engine", "site/base64"], own_script="")
    bundle_scripts(folder)
    for name in ("model", "vendor"):
        (folder / name).symlink_to(site / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", metavar="PHOTO", nargs="+")
    parser.add_argument("--site", type=Path, default=REPOSITORY / "site")
    given = parser.parse_args()
    photos, site = given.photos, given.site.resolve()
    expected = from_python(site, photos)
    by_network = {folder.name: load_layers_model(folder) for folder in sorted((site / "model").iterdir())}
    pixels = {
        name: np.stack([photo_to_pixels(Path(photo), network.input_shape[2]) for photo in photos])
        for name, network in by_network.items()
    }
    with TemporaryDirectory() as folder, make_server(site, 0) as server, sync_playwright() as playwright:
        engine = Path(folder)
        write_engine(site, engine)
        engines = make_server(engine, 0)
        for each in (server, engines):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        installed = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=installed, args=BROWSER_ARGUMENTS)
        at, engine_at = (f"http://127.0.0.1:{each.server_port}{SUB_PATH}" for each in (server, engines))
        ways = {"http": (at, engine_at), "disk": (f"{site.as_uri()}/", f"{engine.as_uri()}/")}
        for way, (address, engine_address) in ways.items():
            answers, times = from_page(browser, address, photos)
            worst = max(
                (abs(given[code] - wanted[code]), Path(photo).name, code)
                for photo, given, wanted in zip(photos, answers, expected, strict=True)
                for code in wanted
            )
            print(f"{way}: {len(photos)} photos, largest difference {worst[0]:.2g} ({worst[2]} of {worst[1]}); {times}")
            for name, network in by_network.items():
                backend, given_by_page = from_network(browser, engine_address, name, pixels[name])
                difference = np.abs(given_by_page - predict(network, pixels[name])).max()
                print(f"  {name}, from the pixels, on {backend}: largest difference {difference:.2g}", flush=True)
        browser.close()
        for each in (server, engines):
            each.shutdown()


if __name__ == "__main__":
    main()
