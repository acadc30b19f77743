"""The site without a network: kept whole after one visit, replaced whole by a new version, and open to nobody else."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route

from builder.site.offline import write_service_worker
from builder.site.serve import SUB_PATH, make_server
from tests.conftest import Build, QuietHandler
from tests.page import TEMPLATE, write_page

# Two scripts that must always be of one version, one of them loaded late, as the engine's are.
OWN_SCRIPT = """
document.title = "1";
async function late() {
  const script = document.createElement("script");
  script.src = Trusted.script(`${Site.root}js/late.js`);
  const loaded = new Promise((resolve) => { script.onload = resolve; });
  document.head.append(script);
  await loaded;
  return [document.title, globalThis.lateVersion];
}
async function begin() {
  await Offline.change();
  await Offline.keep();
  return "begun";
}
const waits = async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting);
globalThis.hasBegun = false;
begin().then(() => { globalThis.hasBegun = true; });
"""


def write_version(folder: Path, version: int) -> None:
    (folder / "js" / "test.js").write_text(OWN_SCRIPT.replace('"1"', f'"{version}"'), encoding="utf-8")
    (folder / "js" / "late.js").write_text(f'globalThis.lateVersion = "{version}";', encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Version 1 of a site of one page."""
    write_page(tmp_path, ["site/site", "site/trusted", "site/offline"], own_script="")
    (tmp_path / "vendor").mkdir()
    write_version(tmp_path, 1)
    write_service_worker(TEMPLATE / "sw.js", tmp_path)
    return tmp_path


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Serves a folder at an address, until the site is taken off the network by calling what comes second."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    yield f"http://127.0.0.1:{server.server_port}/index.html", stop
    stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context
    context.close()


def visit(page: Page, address: str) -> None:
    page.goto(address)
    wait_until_begun(page)


def wait_until_begun(page: Page) -> None:
    page.wait_for_function("() => globalThis.hasBegun")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")


def find_new_version(page: Page) -> None:
    """Let the browser look for a new version, as it does by itself after a navigation, and wait until it is there."""
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update()).then(() => 0)")
    page.wait_for_function("() => waits()")


def test_after_one_visit_the_page_opens_without_a_network(context: BrowserContext, site: Path) -> None:
    with serving(site) as (address, stop):
        page = context.new_page()
        visit(page, address)
        stop()
        visit(page, f"{address}?backend=cpu")
        assert page.evaluate("late()") == ["1", "1"]


def test_a_new_version_takes_over_whole_at_the_next_load(context: BrowserContext, site: Path) -> None:
    with serving(site) as (address, _):
        page = context.new_page()
        visit(page, address)
        visit(page, address)  # by the service worker now
        write_version(site, 2)
        write_service_worker(TEMPLATE / "sw.js", site)
        find_new_version(page)
        assert page.evaluate("late()") == ["1", "1"]  # the page that is open stays what it is
        page.goto(address)
        page.wait_for_function("() => document.title === '2'")
        wait_until_begun(page)
        assert page.evaluate("late()") == ["2", "2"]
        assert not page.evaluate("waits()")


def test_while_another_page_is_open_the_old_version_goes_on_for_both(context: BrowserContext, site: Path) -> None:
    with serving(site) as (address, _):
        first, second = context.new_page(), context.new_page()
        visit(first, address)
        visit(first, address)
        visit(second, address)
        write_version(site, 2)
        write_service_worker(TEMPLATE / "sw.js", site)
        find_new_version(first)
        visit(second, address)
        assert first.evaluate("late()") == second.evaluate("late()") == ["1", "1"]
        second.close()
        first.goto(address)
        first.wait_for_function("() => document.title === '2'")
        wait_until_begun(first)
        assert first.evaluate("late()") == ["2", "2"]


def test_a_site_that_is_only_half_replaced_is_not_taken(context: BrowserContext, site: Path) -> None:
    with serving(site) as (address, _):
        page = context.new_page()
        visit(page, address)
        visit(page, address)
        old = (site / "js" / "late.js").read_bytes()
        write_version(site, 2)
        write_service_worker(TEMPLATE / "sw.js", site)
        (site / "js" / "late.js").write_bytes(old)  # the host has not got that far
        outcome = page.evaluate(
            """async () => {
              const found = await navigator.serviceWorker.getRegistration();
              const outcome = new Promise((resolve) => found.addEventListener("updatefound", () => {
                const { installing } = found;
                installing.addEventListener("statechange", () => resolve(installing.state));
              }));
              await found.update();
              return outcome;
            }"""
        )
        assert outcome == "redundant"
        visit(page, address)
        assert page.evaluate("late()") == ["1", "1"]


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.org/', { method: 'POST', body: 'photo', mode: 'no-cors' })",
        "fetch('https://example.org/?photo', { mode: 'no-cors' })",
        "fetch(registration.scope + 'index.html', { method: 'POST', body: 'photo' })",
        "fetch(registration.scope + 'index.html?photo')",
        "Object.getPrototypeOf(Object.getPrototypeOf(self)).fetch.call(self, 'https://example.org/?photo')",
        "caches.open('x').then((cache) => cache.add('https://example.org/?photo'))",
        "new Promise((done, fail) => { const s = new WebSocket('wss://example.org'); s.onopen = done; "
        "s.onerror = fail; })",
        "new WebTransport('https://example.org').ready",
        "new EventSource('https://example.org/?photo').url",
        "importScripts('https://example.org/x.js?photo')",
        "registration.backgroundFetch.fetch('x', 'https://example.org/?photo')",
        "clients.openWindow('https://example.org/?photo')",
        "clients.matchAll({ includeUncontrolled: true }).then(([page]) => page.navigate('https://example.org/?photo'))",
        "indexedDB.open('what pages keep').onsuccess",
    ],
)
def test_nothing_gets_out_of_the_service_worker(context: BrowserContext, site: Path, attempt: str) -> None:
    left: list[str] = []

    def note(route: Route) -> None:
        left.append(route.request.url)
        route.fulfill(body="")

    context.route(re.compile("example.org|photo"), note)
    with serving(site) as (address, _):
        visit(context.new_page(), address)
        [worker] = context.service_workers
        assert worker.evaluate("fetch(registration.scope + 'index.html').then(({ status }) => status)") == 200
        went_out = worker.evaluate(
            f"async () => {{ try {{ await ({attempt}); return true; }} catch {{ return false; }} }}"
        )
        assert went_out is False
        assert left == []


def test_from_disk_nothing_is_registered(context: BrowserContext, site: Path) -> None:
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_function("() => globalThis.hasBegun")
    assert context.service_workers == []


def test_where_service_workers_are_forbidden_the_page_begins_all_the_same(context: BrowserContext, site: Path) -> None:
    context.add_init_script(
        "for (const name of ['register', 'getRegistration']) "
        "navigator.serviceWorker[name] = async () => { throw new DOMException('', 'SecurityError'); };"
    )
    with serving(site) as (address, _):
        page = context.new_page()
        page.goto(address)
        page.wait_for_function("() => globalThis.hasBegun")


def listed(site: Path) -> list[dict[str, str]]:
    found = re.search(r"precacheAndRoute\((\[.*?\n\])", (site / "sw.js").read_text(encoding="utf-8"), re.S)
    assert found
    entries: list[dict[str, str]] = json.loads(found[1])
    return entries


def test_the_whole_site_is_kept_but_for_weights_and_twins(demo_build: Build) -> None:
    entries = {entry["url"]: entry for entry in listed(demo_build.site)}
    files = {file.relative_to(demo_build.site).as_posix() for file in demo_build.site.rglob("*") if file.is_file()}
    left_out = files - entries.keys()
    for name in left_out:
        is_twin = name.endswith(".js") and name.removesuffix(".js") in files
        is_weights = name.startswith("model/") and name.endswith((".bin", "/model.json"))
        of_itself = name == "sw.js" or name.startswith("vendor/workbox-")
        assert is_twin or is_weights or of_itself or name in ("404.html", "predictions.csv", "done.json"), name
    assert {"index.html", "ar/index.html", "report.html", "js/worker.js", "model/cnn/card.json"} <= entries.keys()
    for name, entry in entries.items():
        digest = hashlib.sha256((demo_build.site / name).read_bytes()).digest()
        assert entry["integrity"] == f"sha256-{base64.b64encode(digest).decode()}"


def test_what_only_other_ways_into_the_site_need_is_not_kept(site: Path) -> None:
    kept = ("a b.html", "ar/404.html", "ar/sw.js", "model/cnn/card.json", "vendor/tf.wasm", "x.webmanifest")
    left_out = (
        "404.html", "model/cnn/card.json.js", "model/cnn/model.json", "model/cnn/group1-shard1of1.bin",
        "model/cnn/group1-shard1of1.bin.js", "vendor/tf.wasm.js", "vendor/workbox-more.js", "predictions.csv",
        ".hidden.js", ".git/hook.js",
    )  # fmt: skip
    before = {entry["url"] for entry in listed(site)}
    for name in (*kept, *left_out):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")
    write_service_worker(TEMPLATE / "sw.js", site)
    assert [entry["url"] for entry in listed(site)] == sorted({*before, *kept})


def test_the_same_site_gives_the_same_service_worker(site: Path) -> None:
    before = (site / "sw.js").read_bytes()
    write_service_worker(TEMPLATE / "sw.js", site)
    assert (site / "sw.js").read_bytes() == before


@pytest.fixture
def http(demo_build: Build) -> Iterator[tuple[str, Callable[[], None]]]:
    """The built site's address, and how to take it off the network."""
    server = make_server(demo_build.site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}index.html", stop
    stop()


def test_photos_are_answered_without_a_network_and_never_handed_to_the_service_worker(
    context: BrowserContext, http: tuple[str, Callable[[], None]], demo_build: Build, tmp_path: Path
) -> None:
    address, stop = http
    files = demo_build.report["networks"][demo_build.first_network]["export"]["files"]
    photo = tmp_path / "photo.png"
    Image.new("RGB", (400, 300), (200, 150, 140)).save(photo)
    context.add_init_script(
        """globalThis.handed = [];
        for (const each of [ServiceWorker, BroadcastChannel]) {
          each.prototype.postMessage = (message) => { globalThis.handed.push(message); };
        }"""
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("main[data-state=ready]")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.wait_for_function(
        """async () => (await Promise.all((await caches.keys()).filter((name) => name.startsWith("network "))
          .map(async (name) => (await (await caches.open(name)).keys()).length)))[0] >= {FILES}""".replace(
            "{FILES}", str(files)
        )
    )
    stop()
    page.goto(address)
    page.wait_for_selector("main[data-state=ready]")
    page.set_input_files("#photo", photo)
    page.wait_for_selector("main[data-state=result]")
    assert page.evaluate("handed") == []


def test_the_page_can_be_installed(context: BrowserContext, http: tuple[str, Any], demo_build: Build) -> None:
    address, _ = http
    page = context.new_page()
    page.goto(address)
    session = context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    for icon in json.loads(found["data"])["icons"]:
        if icon["type"] == "image/png":
            with Image.open(demo_build.site / icon["src"]) as image:
                assert f"{image.width}x{image.height}" == icon["sizes"]
    # An incognito window, which a test's is, cannot install anything.
    errors = [error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert set(errors) <= {"in-incognito"}
