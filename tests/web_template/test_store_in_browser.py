"""What the page keeps of a network on the device: checked before use, replaced with the network, and never needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.small_site import change_weights, is_right, write_small_site
from tests.web_template.test_network_in_browser import SHARDS

KEYS = """async () => {
  const [name] = await caches.keys();
  const keys = (await (await caches.open(name)).keys()).map(({ url }) => url.slice(url.lastIndexOf("/") + 1));
  return keys.filter((key) => key !== network?.card.version).sort();
}"""
NOTE = """async () => {
  const [name] = await caches.keys();
  return (await (await caches.open(name)).match(`${Site.root}model/cnn/${network.card.version}`))?.text();
}"""
SPOIL = """async (sha256) => {
  const [name] = await caches.keys();
  await (await caches.open(name)).put(`${Site.root}model/cnn/${sha256}`, new Response("rot"));
}"""
CHANGE_NOTE = """async (text) => {
  const [name] = await caches.keys();
  await (await caches.open(name)).put(`${Site.root}model/cnn/${network.card.version}`, new Response(text));
}"""
# Put before the page's own script: what is to be kept waits until the page says that the device is full.
FULL_WHEN_TOLD = """"use strict";
Cache.prototype.put = () => new Promise((_, reject) => {
  new BroadcastChannel("accident").onmessage = () => reject(new DOMException("", "QuotaExceededError"));
});
"""
# Put behind the script of that backend: whatever it answers is a little too much.
WRONG_ON_WEBGL = """
{
  const make = tf.findBackendFactory("webgl");
  tf.removeBackend("webgl");
  tf.registerBackend("webgl", () => {
    const backend = make();
    const read = backend.read.bind(backend);
    backend.read = async (id) => (await read(id)).map((value) => value + 0.1);
    return backend;
  });
}
"""
FILES = 3  # model.json and two shards


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_small_site(tmp_path)


@pytest.fixture
def http(site: Path, serve: Callable[[Path], str]) -> str:
    return f"{serve(site)}/index.html"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The files of the network that the page asks the site for."""
    names: list[str] = []
    page.context.on("request", lambda request: names.append(request.url.rpartition("/")[2]))
    return names


def of_network(asked: list[str]) -> list[str]:
    return sorted(name for name in asked if name in ("model.json", *SHARDS))


def hashes(site: Path) -> list[str]:
    folder = site / "model" / "cnn"
    return sorted(hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.json", *SHARDS))


def load(page: Page, address: str) -> list[dict[str, object]]:
    """Open the page, load the network, and give what was said meanwhile."""
    page.goto(address)
    assert page.evaluate("load()") == {"backend": "wasm", "card": "cnn"}
    return list(page.evaluate("notices"))


def wait_until_kept(page: Page) -> list[str]:
    for _ in range(1500):  # half a minute: nobody waits for what is kept, and test machines are slow
        kept = page.evaluate(KEYS)
        if len(kept) == FILES:
            return list(kept)
        page.wait_for_timeout(20)
    raise AssertionError("the network was not kept")


def test_a_second_visit_fetches_nothing_of_the_network(page: Page, http: str, asked: list[str], site: Path) -> None:
    assert load(page, http) == []
    assert len(of_network(asked)) == FILES
    assert wait_until_kept(page) == hashes(site)
    asked.clear()
    assert load(page, http) == []
    assert of_network(asked) == []
    assert page.evaluate("progress.at(-1).loadedBytes === progress.at(-1).totalBytes")
    assert is_right(page, 3)


def wait_for_note(page: Page, text: str) -> None:
    page.wait_for_function(f"async (text) => (await ({NOTE})()) === text", arg=text)


def test_what_computes_fastest_is_noted_with_the_network(page: Page, http: str) -> None:
    load(page, http)
    wait_for_note(page, "wasm")


def test_what_was_found_fastest_is_used_again(page: Page, http: str) -> None:
    load(page, http)
    wait_for_note(page, "wasm")
    page.evaluate(CHANGE_NOTE, "webgl")
    page.goto(http)
    assert page.evaluate("load()")["backend"] == "webgl"
    assert is_right(page, 3)
    assert page.evaluate(NOTE) == "webgl"


@pytest.mark.parametrize("noted", ["webgl", "rot"], ids=["fails its test", "is none"])
def test_what_was_found_fastest_is_proven_before_it_is_trusted(page: Page, http: str, site: Path, noted: str) -> None:
    load(page, http)
    wait_for_note(page, "wasm")
    page.evaluate(CHANGE_NOTE, noted)
    script = site / "vendor" / "tf-backend-webgl.es2017.min.js"
    script.write_text(script.read_text(encoding="utf-8") + WRONG_ON_WEBGL, encoding="utf-8")
    load(page, http)
    assert is_right(page, 3)
    wait_for_note(page, "wasm")


def test_what_was_damaged_on_the_device_is_fetched_again(page: Page, http: str, asked: list[str], site: Path) -> None:
    load(page, http)
    wait_until_kept(page)
    page.evaluate(SPOIL, hashlib.sha256((site / "model" / "cnn" / SHARDS[1]).read_bytes()).hexdigest())
    asked.clear()
    load(page, http)
    assert of_network(asked) == [SHARDS[1]]
    assert is_right(page, 3)
    wait_until_kept(page)
    asked.clear()
    load(page, http)
    assert of_network(asked) == []


def test_a_new_network_replaces_the_old_one_and_shares_what_is_the_same(
    page: Page, http: str, asked: list[str], site: Path
) -> None:
    load(page, http)
    before = wait_until_kept(page)
    change_weights(site)
    asked.clear()
    load(page, http)
    assert set(of_network(asked)) == {SHARDS[1]}
    assert wait_until_kept(page) == hashes(site) != before


@pytest.mark.parametrize(
    ("accident", "reason"),
    [
        ("Cache.prototype.put = async () => { throw new DOMException('', 'QuotaExceededError'); }", "full"),
        ("caches.open = async () => { throw new DOMException('', 'SecurityError'); }", "forbidden"),
        (
            "Object.defineProperty(globalThis, 'caches', { get() { throw new DOMException('', 'SecurityError'); } })",
            "forbidden",
        ),
        # As over http without TLS.
        (
            "Object.defineProperty(globalThis, 'caches', { value: undefined });"
            "Object.defineProperty(crypto, 'subtle', { value: undefined });",
            "forbidden",
        ),
    ],
    ids=["no room", "private mode", "private mode that throws at once", "insecure connection"],
)
def test_where_nothing_can_be_kept_the_page_says_so_once_and_works(
    page: Page, http: str, accident: str, reason: str
) -> None:
    page.add_init_script(f"delete globalThis.Worker; {accident}")  # scripts of a test do not reach into workers
    assert load(page, http) == [{"code": "not-kept", "values": {"reason": reason}}]
    assert is_right(page, 3)


def test_a_device_that_is_really_full_is_told_from_the_worker(page: Page, http: str) -> None:
    page.goto(http)
    quota = {"origin": http.removesuffix("/index.html"), "quotaSize": 1000}
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
    assert page.evaluate("load()")["backend"] == "wasm"
    page.wait_for_function("() => notices.length > 0")
    assert page.evaluate("notices") == [{"code": "not-kept", "values": {"reason": "full"}}]
    assert is_right(page, 3)


def test_a_device_that_is_slow_to_say_it_is_full_is_heard_after_the_network_is_there(
    page: Page, http: str, site: Path
) -> None:
    script = site / "js" / "modules.js"
    script.write_text(FULL_WHEN_TOLD + script.read_text(encoding="utf-8"), encoding="utf-8")
    assert load(page, http) == []
    page.evaluate("new BroadcastChannel('accident').postMessage('full')")
    page.wait_for_function("() => notices.length > 0")
    assert page.evaluate("notices") == [{"code": "not-kept", "values": {"reason": "full"}}]
    assert is_right(page, 3)


def test_a_file_that_is_not_what_the_card_says_is_asked_for_once_more_and_never_used(
    page: Page, http: str, asked: list[str], site: Path
) -> None:
    shard = site / "model" / "cnn" / SHARDS[1]
    shard.write_bytes(bytes(shard.stat().st_size))
    page.goto(http)
    said = page.evaluate("load()")
    assert (said["code"], said["values"]) == ("damaged", {"file": SHARDS[1]})
    assert of_network(asked).count(SHARDS[1]) == 2
    damaged = hashlib.sha256(shard.read_bytes()).hexdigest()
    kept = page.evaluate(KEYS)
    assert len(kept) < FILES and damaged not in kept


def test_an_older_file_in_the_browsers_cache_is_passed_by(page: Page, http: str, asked: list[str]) -> None:
    old = iter([b"an older file", None])

    def give(route: object) -> None:
        body = next(old)
        route.fulfill(body=body) if body else route.continue_()  # type: ignore[attr-defined]

    page.route(f"**/{SHARDS[1]}", give)
    assert load(page, http) == []
    assert of_network(asked).count(SHARDS[1]) == 2
    assert is_right(page, 3)


def test_from_disk_nothing_is_kept(page: Page, site: Path) -> None:
    assert load(page, (site / "index.html").as_uri()) == []
