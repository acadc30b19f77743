"""A small site with the real engine: a bare page, the worker's script, and a network that is checked by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from playwright.sync_api import Page, Worker

from builder.site.scripts import bundle_scripts
from tests.page import copy_tensorflow, write_page
from tests.web_template.test_network_in_browser import (
    SELF_TEST_SEEDS,
    SHARDS,
    in_base64,
    probabilities_of,
    random_pixels,
    small_network,
    write_network,
)

ENGINE_SCRIPT = """
const progress = [], notices = [];
let network;
async function load() {
  try {
    network = await Engine.load("model/cnn", {
      onProgress: (step) => progress.push(step), onNotice: (notice) => notices.push(notice),
    });
    return { backend: network.backendName, card: network.card.name };
  } catch ({ name, message, code, values }) {
    return { name, message, code, values };
  }
}
async function classify(base64) {
  const { probabilities } = await network.classify(Base64.decode(base64));
  return [...probabilities];
}
"""


def write_small_site(folder: Path, own_script: str = ENGINE_SCRIPT) -> Path:
    """Write the site; its page has the modules of the site's own page that do not touch the document."""
    write_page(folder, ["site/base64", "site/site", "site/trusted", "network/engine"], own_script=own_script)
    bundle_scripts(folder)
    copy_tensorflow(folder / "vendor")
    write_network(folder)
    return folder


def is_right(page: Page, seed: int) -> bool:
    """Whether the page's network answers what it must for the random photo of that seed."""
    answer = page.evaluate("(pixels) => classify(pixels)", in_base64(random_pixels(seed)))
    expected = probabilities_of(random_pixels(seed), *small_network())
    return bool(max(abs(given - wanted) for given, wanted in zip(answer, expected, strict=True)) < 1e-4)


def worker_of(page: Page) -> Worker:
    [worker] = page.workers
    return worker


def change_weights(site: Path) -> None:
    """Put another network in place: the last bias is another one, and the card says so."""
    folder = site / "model" / "cnn"
    shard = folder / SHARDS[1]
    shard.write_bytes(shard.read_bytes()[:-4] + b"\0\0\0\0")
    card = json.loads((folder / "card.json").read_text())
    card["files"][2]["sha256"] = hashlib.sha256(shard.read_bytes()).hexdigest()
    kernel, bias = small_network()
    bias[-1] = 0
    for vector, seed in zip(card["self_test"]["vectors"], SELF_TEST_SEEDS, strict=True):
        vector["probabilities"] = probabilities_of(random_pixels(seed), kernel, bias).tolist()
    (folder / "card.json").write_text(json.dumps(card))
