"""The page's networks beside the same networks in ONNX Runtime Web and in LiteRT.js: WASM, SIMD, one thread, Chromium.

    .venv/bin/python -m pip install -r benchmarks/requirements.txt      (once: the site does without)
    .venv/bin/python benchmarks/against_runtimes.py [--site FOLDER] [--rounds N]

The peers' models are made from the weights that the site's page loads. The runtimes answer the same photos by turns, so
that whatever else the machine does slows all alike; where an answer is another one by more than 0.001, there are no
figures. "the page" is what a visitor waits for, which tells lesion photos from others with the same pass;
"TensorFlow.js" is the same pass for the probabilities alone, as in the peers, and what they are compared with.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from onnx_graph import onnx_graph_of  # noqa: E402  (beside this file)

from build import npm_command  # noqa: E402  (the package is not installed)
from builder.data.demo.draw import draw_demo_photos  # noqa: E402
from builder.export.layers_model import load_layers_model  # noqa: E402
from builder.quiet_tensorflow import tensorflow  # noqa: E402
from builder.site.scripts import bundle  # noqa: E402
from tests.page import as_globals  # noqa: E402

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
PHOTOS, PHOTOS_SEED = 6, 31
ROUNDS, WARMING_ROUNDS = 40, 4
TOLERANCE = 0.001  # of any probability, from Python's own answer
OURS = "TensorFlow.js"
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
PAGE_MODULES = ["network/backend", "network/network"]
ONNX_RUNTIME = "packages/onnxruntime-web/dist/"
LITERT = "packages/@litertjs/core/"
OWN_SCRIPT = """
import { loadLiteRt, loadAndCompile, Tensor } from "@litertjs/core";

const shapeOf = ({ input }) => [1, input.height_px, input.width_px, 3];

/** Every runtime as a function from the pixels of a photo, as the page has them, to probabilities. */
async function runtimesFor(name) {
  let plain; // the page's layers, before the page gives them more outputs
  Backend.prefer("wasm");
  await Backend.prepare();
  const loadLayersModel = tf.loadLayersModel;
  tf.loadLayersModel = async (...source) => (plain = await loadLayersModel(...source));
  const network = await Network.load(`model/${name}`);
  if (tf.getBackend() !== "wasm") throw new Error(`TensorFlow.js computes on ${tf.getBackend()}`);
  const shape = shapeOf(network.card);

  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("ONNX_RUNTIME", document.baseURI).href;
  const session = await ort.InferenceSession.create(`peers/${name}.onnx`, { executionProviders: ["wasm"] });
  const compiled = await loadAndCompile(`peers/${name}.tflite`, { accelerator: "wasm", cpuOptions: { numThreads: 1 } });

  return {
    "the page": async (pixels) => (await network.classify(pixels)).probabilities,
    "OURS": async (pixels) => {
      const output = tf.tidy(() => plain.apply(tf.tensor4d(Float32Array.from(pixels), shape)));
      const values = await output.data();
      output.dispose();
      return values;
    },
    "ONNX Runtime Web": async (pixels) => {
      const photo = new ort.Tensor("float32", Float32Array.from(pixels), shape);
      const { probabilities } = await session.run({ photo });
      return probabilities.getData();
    },
    "LiteRT.js": async (pixels) => {
      const photo = new Tensor(Float32Array.from(pixels), shape);
      const [output] = await compiled.run(photo);
      const values = await output.toTypedArray();
      photo.delete();
      output.delete();
      return values;
    },
  };
}

globalThis.measure = async (name, photos, warmingRounds, rounds) => {
  const runtimes = Object.entries(await runtimesFor(name));
  const answers = Object.fromEntries(runtimes.map(([runtime]) => [runtime, []]));
  const times = Object.fromEntries(runtimes.map(([runtime]) => [runtime, []]));
  for (const pixels of photos) {
    for (const [runtime, run] of runtimes) answers[runtime].push([...(await run(pixels))]);
  }
  for (let round = -warmingRounds; round < rounds; round++) {
    const pixels = photos[(round + warmingRounds) % photos.length];
    for (const [runtime, run] of runtimes) {
      const began = performance.now();
      await run(pixels);
      if (round >= 0) times[runtime].push(performance.now() - began);
    }
  }
  return { answers, times };
};

await loadLiteRt(new URL("LITERTwasm/", document.baseURI).href, { threads: false });
globalThis.isReady = true;
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves the page, what was made for it, the packages, and the site's own files."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm", ".mjs": "text/javascript"}

    def __init__(self, *arguments: Any, site: Path, **others: Any) -> None:
        self.site = site
        super().__init__(*arguments, **others)

    def translate_path(self, path: str) -> str:
        first, _, rest = path.lstrip("/").partition("/")
        roots = {
            "packages": PACKAGES,
            "model": self.site / "model",
            "vendor": self.site / "vendor",
        }
        return str(roots[first] / rest) if first in roots else super().translate_path(path)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the output is for figures."""


@contextmanager
def serving(folder: Path, site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site=site, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


def fetch_packages() -> None:
    """The runtimes, as benchmarks/package-lock.json has them, where they are not there yet."""
    if (PACKAGES / ".package-lock.json").is_file():
        return
    if subprocess.call([*npm_command(), "ci", "--ignore-scripts", "--prefix", str(HERE)]):
        raise SystemExit("npm did not bring the runtimes; nothing was measured")


def write_peers(name: str, network: Any, folder: Path) -> None:
    """The network as ONNX and as LiteRT has it."""
    (folder / f"{name}.onnx").write_bytes(onnx_graph_of(network))
    photo = tensorflow.TensorSpec([1, *network.input_shape[1:]], tensorflow.float32)
    function = tensorflow.function(lambda pixels: network(pixels, training=False)).get_concrete_function(photo)
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function], network)
    (folder / f"{name}.tflite").write_bytes(converter.convert())


def write_page(folder: Path) -> None:
    names = {"ONNX_RUNTIME": ONNX_RUNTIME, "OURS": OURS, "LITERT": LITERT}
    own = OWN_SCRIPT
    for placeholder, value in names.items():
        own = own.replace(placeholder, value)
    modules = {"imports": {"@litertjs/core": f"./{LITERT}dist/index.js",
                           "@litertjs/wasm-utils": "./packages/@litertjs/wasm-utils/dist/index.js"}}  # fmt: skip
    (folder / "js").mkdir(exist_ok=True)
    (folder / "js" / "modules.js").write_text(bundle(as_globals(PAGE_MODULES)), encoding="utf-8")
    paths = ("js/modules.js", f"{ONNX_RUNTIME}ort.wasm.min.js")
    scripts = "".join(f'<script src="{path}"></script>' for path in paths)
    (folder / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>runtimes</title>{scripts}'
        f'<script type="importmap">{json.dumps(modules)}</script><script type="module">{own}</script>',
        encoding="utf-8",
    )


def measure(browser: Browser, address: str, name: str, photos: NDArray[np.uint8], rounds: int) -> Any:
    page = browser.new_page()
    page.set_default_timeout(600_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    page.wait_for_function("globalThis.isReady")
    pixels = [photo.reshape(-1).tolist() for photo in photos]
    measured = page.evaluate(
        "([name, photos, warming, rounds]) => measure(name, photos.map((p) => Uint8Array.from(p)), warming, rounds)",
        [name, pixels, WARMING_ROUNDS, rounds],
    )
    if problems:
        raise SystemExit(f"{name}: {problems[0]}")
    page.close()
    return measured


def refuse_other_answers(name: str, answers: dict[str, list[list[float]]], expected: NDArray[np.float32]) -> None:
    for runtime, given in answers.items():
        worst = float(np.abs(np.array(given) - expected).max())
        print(f"  {runtime:<18} differs from Python by {worst:.1g} at most")
        if not worst <= TOLERANCE:
            raise SystemExit(f"{name} is another network in {runtime}: a time beside it would say nothing")


def print_times(times: dict[str, list[float]]) -> None:
    """Ratios are those of each round: what slows a round slows both."""
    print(f"  {'':<18} {'median ms':>9}  {'fastest':>7}  {OURS} takes")
    for runtime, all_ms in times.items():
        ratio = statistics.median(ours / its for ours, its in zip(times[OURS], all_ms, strict=True))
        beside = "" if runtime == OURS else f"{ratio:.2f} times as long"
        print(f"  {runtime:<18} {statistics.median(all_ms):9.2f}  {min(all_ms):7.2f}  {beside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, default=REPOSITORY / "site")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    fetch_packages()
    photos = np.stack([photo.pixels for photo in draw_demo_photos(PHOTOS, PHOTOS_SEED)])
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    print(f"one thread of {os.cpu_count()}, {given.rounds} rounds by turns")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / "peers").mkdir()
        write_page(folder)
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        with serving(folder, given.site) as address:
            for model in sorted((given.site / "model").iterdir()):
                network = load_layers_model(model)
                write_peers(model.name, network, folder / "peers")
                expected = network.predict(photos.astype(np.float32), verbose=0)
                measured = measure(browser, address, model.name, photos, given.rounds)
                print(f"\n{model.name}, {network.count_params():,} parameters", flush=True)
                refuse_other_answers(model.name, measured["answers"], expected)
                print_times(measured["times"])
        browser.close()


if __name__ == "__main__":
    main()
