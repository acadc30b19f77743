"""How long the page's network pass takes with the detector of other things and without it, and how long a heat map.

    .venv/bin/python benchmarks/ood_in_page.py [PASSES]

Uses the site in site/ (or the folder in LESIONLENS_SITE), in Chromium, on WASM; medians of PASSES (30) by turns, so
that whatever else the machine does slows both alike.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.page import write_page  # noqa: E402  (the package is not installed)

SITE = Path(os.environ.get("LESIONLENS_SITE", REPOSITORY / "site"))
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
OWN_SCRIPT = """
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
async function measure(passes) {
  Backend.prefer("wasm");
  await Backend.prepare();
  let plain; // the same layers with one output, as the network was before there was a detector
  const loadLayersModel = tf.loadLayersModel;
  tf.loadLayersModel = async (source) => (plain = await loadLayersModel(source));
  const network = await Network.load("model/cnn");
  const pixels = Base64.decode(network.card.self_test.vectors[0].pixels);
  const { width_px, height_px } = network.card.input;
  const without = async () => {
    const output = tf.tidy(() => plain.predict(tf.tensor4d(Float32Array.from(pixels), [1, height_px, width_px, 3])));
    await output.data();
    output.dispose();
  };
  const ways = { without, with: () => network.classify(pixels), heat: () => network.explain(pixels, 4) };
  const times = { without: [], with: [], heat: [] };
  for (let pass = 0; pass < passes + 2; pass++) {
    for (const [name, run] of Object.entries(ways)) {
      const began = performance.now();
      await run();
      if (pass > 1) times[name].push(performance.now() - began);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the output is for figures."""


def main() -> None:
    passes = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_page(
            folder, ["site/base64", "network/backend", "network/network"], own_script=OWN_SCRIPT, tensorflow=True
        )
        shutil.copytree(SITE / "model", folder / "model")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=name))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        installed = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=installed, args=BROWSER_ARGUMENTS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        times = page.evaluate("(passes) => measure(passes)", passes)
        print(f"a pass without the detector {times['without']:.0f} ms, with it {times['with']:.0f} ms")
        print(f"a heat map {times['heat']:.0f} ms; medians of {passes} passes")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
