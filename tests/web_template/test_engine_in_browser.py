"""Where the network runs: beside the page over http, on the page from disk, and what happens when something fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from builder.photo.size import HEIGHT_PX, WIDTH_PX
from tests.small_site import is_right, worker_of, write_small_site
from tests.web_template.test_network_in_browser import SHARDS, in_base64, random_pixels

LOSE_CONTEXT = "tf.backend().gpgpu.gl.getExtension('WEBGL_lose_context').loseContext()"
OUT_OF_MEMORY = "tf.backend().write = () => { throw new Error('out of memory'); }; 0"

DIE_AT_THE_NEXT_QUESTION = """
addEventListener("message", (event) => {
  event.stopImmediatePropagation();
  setTimeout(() => { throw new Error("gone"); });
}, { capture: true }); 0
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def http(site: Path, serve: Callable[[Path], str]) -> str:
    return f"{serve(site)}/index.html"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def notices(page: Page) -> list[str]:
    return list(page.evaluate("notices.map(({ code }) => code)"))


def test_over_http_tensorflow_runs_in_a_worker_and_never_on_the_page(page: Page, http: str) -> None:
    page.goto(http)
    assert page.evaluate("load()") == {"backend": "wasm", "card": "cnn"}
    assert is_right(page, 3)
    assert page.evaluate("typeof tf") == "undefined"
    assert page.locator("script[src*=vendor]").count() == 0
    assert worker_of(page).evaluate("tf.memory().numTensors") > 0


def test_from_disk_the_same_network_runs_on_the_page_once_it_is_needed(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    assert page.evaluate("typeof tf") == "undefined"
    assert page.evaluate("load()") == {"backend": "wasm", "card": "cnn"}
    assert is_right(page, 3)
    assert page.workers == []
    assert page.evaluate("tf.memory().numTensors") > 0


@pytest.mark.parametrize("address", [
    "file://server/share/my%20site%23", "file://SERVER.example/c$/a/b", "file:////server/share/site",
    "file://///server/share/site", r"file:\\server\share\site",
])  # fmt: skip
def test_from_a_network_share_the_same_network_runs(page: Page, site: Path, address: str) -> None:
    def give(route: Route) -> None:  # as the system gives what is on the share
        path = unquote(urlsplit(route.request.url).path)
        file = site / path.removeprefix(path_of_share).lstrip("/")
        route.fulfill(path=file) if file.is_file() else route.abort()

    path_of_share = unquote(urlsplit(page.evaluate("(address) => new URL(`${address}/`).href", address)).path)
    page.route("file:**", give)
    page.goto(f"{address}/index.html")
    assert page.evaluate("load()") == {"backend": "wasm", "card": "cnn"}
    assert is_right(page, 3)


def test_the_weights_come_beside_what_computes_with_them(page: Page, http: str) -> None:
    asked = requests_for(page, ".bin")
    page.context.route("**/vendor/tf-core*", lambda _: None)  # held back
    page.goto(http)
    page.evaluate("globalThis.loading = load(); 0")
    page.wait_for_function("() => progress.some(({ loadedBytes, totalBytes }) => loadedBytes === totalBytes)")
    assert len(asked) == len(SHARDS)
    page.context.unroute("**/vendor/tf-core*")  # which lets it go on
    assert page.evaluate("loading")["backend"] == "wasm"
    assert is_right(page, 3)


def test_what_computes_is_asked_for_before_anybody_asks_for_the_network(page: Page, http: str) -> None:
    asked = requests_for(page, "/vendor/")
    page.goto(http)
    page.wait_for_load_state("networkidle")
    ahead = set(asked)
    asked.clear()
    page.evaluate("load()")
    assert set(asked) <= ahead
    # And nothing that this device can do without.
    assert not [url for url in ahead if "webgl" in url or "cpu" in url or url.endswith("-wasm.wasm")]


def test_a_heat_map_comes_whole_out_of_the_worker(page: Page, http: str) -> None:
    page.goto(http)
    page.evaluate("load()")
    heat = page.evaluate(
        """async (pixels) => {
          const { width, height, values } = await network.explain(Base64.decode(pixels), 4);
          return { width, height, values: [...values], isBuffer: values instanceof Float32Array };
        }""",
        in_base64(random_pixels(3)),
    )
    assert (heat["width"], heat["height"]) == (WIDTH_PX, HEIGHT_PX)
    assert heat["isBuffer"] and len(heat["values"]) == WIDTH_PX * HEIGHT_PX
    assert 0 <= min(heat["values"]) <= max(heat["values"]) <= 1


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.org/', { method: 'POST', body: 'photo', mode: 'no-cors' })",
        "new Promise((done, fail) => { const s = new WebSocket('wss://example.org'); s.onopen = done; "
        "s.onerror = fail; })",
        "new Promise((done, fail) => { const x = new XMLHttpRequest(); x.onload = done; x.onerror = fail; "
        "x.open('POST', 'https://example.org/'); x.send('photo'); })",
        "importScripts('https://example.org/x.js?photo')",
        "new Promise((done, fail) => { const e = new EventSource('https://example.org'); e.onopen = done; "
        "e.onerror = fail; })",
        "import('https://example.org/x.js?photo')",
        # A worker from an address of the site would be bound by no policy.
        "new Worker(siteRoot + 'js/worker.js')",
        "new (Object.getPrototypeOf(self).Worker ?? self.Worker)(siteRoot + 'js/worker.js')",
    ],
    ids=["fetch", "socket", "XMLHttpRequest", "script", "events", "import", "worker", "hidden worker"],
)
def test_nothing_gets_out_of_the_worker(page: Page, http: str, attempt: str) -> None:
    left: list[str] = []

    def note(route: Route) -> None:
        left.append(route.request.url)
        route.fulfill(body="")

    page.context.route("**/*example.org/**", note)
    page.goto(http)
    page.evaluate("load()")
    worker = worker_of(page)
    assert worker.evaluate("fetch(siteRoot + 'index.html').then(({ status }) => status)") == 200
    went_out = worker.evaluate(f"async () => {{ try {{ await ({attempt}); return true; }} catch {{ return false; }} }}")
    assert went_out is False
    assert left == []


@pytest.mark.parametrize("how", ["throws at once", "not to be had"])
def test_without_a_worker_the_page_does_its_work(page: Page, http: str, how: str) -> None:
    if how == "throws at once":
        page.route("**/js/worker.js", lambda route: route.fulfill(body="throw new Error('not today');"))
    else:
        page.add_init_script("delete globalThis.Worker")
    page.goto(http)
    assert page.evaluate("load()")["backend"] == "wasm"
    assert is_right(page, 3)
    assert page.evaluate("typeof tf") == "object"
    assert notices(page) == (["worker-failed"] if how == "throws at once" else [])


def test_questions_that_a_dying_worker_takes_along_are_answered_on_the_page(page: Page, http: str) -> None:
    page.goto(http)
    page.evaluate("load()")
    worker_of(page).evaluate(DIE_AT_THE_NEXT_QUESTION)
    pixels = [in_base64(random_pixels(seed)) for seed in (3, 4)]
    page.evaluate("(all) => { globalThis.both = Promise.all(all.map(classify)); }", pixels)
    assert len(page.evaluate("both")) == 2
    assert is_right(page, 5)
    assert notices(page) == ["worker-failed"]


@pytest.mark.parametrize(
    ("backend", "accident"), [("webgl", LOSE_CONTEXT), ("webgl", OUT_OF_MEMORY), ("wasm", OUT_OF_MEMORY)]
)
def test_a_backend_that_fails_is_replaced_and_that_is_said_once(
    page: Page, http: str, backend: str, accident: str
) -> None:
    page.goto(f"{http}?backend={backend}")
    assert page.evaluate("load()")["backend"] == backend
    assert is_right(page, 3)
    worker_of(page).evaluate(accident)
    for seed in (4, 5):
        assert is_right(page, seed)
    assert page.evaluate("network.backendName") in {"wasm", "webgl", "cpu"} - {backend}
    assert page.evaluate("notices") == [{"code": "backend-failed", "values": {"backend": backend}}]


def test_a_question_that_cannot_be_answered_is_not_held_against_the_backend(page: Page, http: str) -> None:
    page.goto(http)
    page.evaluate("load()")
    said = page.evaluate("network.classify(new Uint8Array(7)).catch(({ name, message }) => `${name}: ${message}`)")
    assert said.startswith("Engine.Problem: ")
    assert is_right(page, 3)
    assert (notices(page), page.evaluate("network.backendName")) == ([], "wasm")


def requests_for(page: Page, part: str) -> list[str]:
    """Fills up with the addresses that are asked for from now on and contain `part`."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url) if part in request.url else None)
    return asked


def test_a_connection_lost_between_shards_is_resumed_with_the_missing_ones(page: Page, http: str) -> None:
    asked = requests_for(page, ".bin")
    failures = iter([True, True, False])
    page.route(f"**/{SHARDS[1]}", lambda route: route.abort() if next(failures) else route.continue_())
    page.goto(http)
    assert page.evaluate("load()")["backend"] == "wasm"
    assert [url.rpartition("/")[2] for url in sorted(asked)] == [SHARDS[0], SHARDS[1], SHARDS[1], SHARDS[1]]
    waits = page.evaluate("progress.map(({ isWaiting }) => isWaiting)")
    assert waits[0] is False and True in waits and waits[-1] is False
    assert is_right(page, 3)


def test_without_a_network_loading_waits_for_it(page: Page, http: str) -> None:
    page.goto(http)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/{SHARDS[1]}", hold)
    page.evaluate("globalThis.loading = load(); 0")
    page.wait_for_function("() => progress.some(({ loadedBytes }) => loadedBytes > 0)")
    page.context.set_offline(True)
    held[0].abort()
    page.wait_for_function("() => progress.at(-1).isWaiting")
    page.unroute(f"**/{SHARDS[1]}")
    page.context.set_offline(False)
    assert page.evaluate("loading")["backend"] == "wasm"


def test_a_second_try_goes_on_from_what_is_there(page: Page, http: str) -> None:
    page.route(f"**/{SHARDS[1]}", lambda route: route.fulfill(status=503))
    page.goto(http)
    said = page.evaluate("load()")
    assert (said["name"], said["code"]) == ("Engine.Problem", "refused")
    assert said["values"] == {"file": SHARDS[1], "status": 503}
    page.unroute(f"**/{SHARDS[1]}")
    asked = requests_for(page, ".bin")
    assert page.evaluate("load()")["backend"] == "wasm"
    assert [url.rpartition("/")[2] for url in asked] == [SHARDS[1]]
    assert is_right(page, 3)


def test_a_network_that_is_put_away_takes_its_worker_along(page: Page, http: str) -> None:
    page.goto(http)
    page.evaluate("load()")
    with worker_of(page).expect_event("close"):
        page.evaluate("network.dispose()")
    said = page.evaluate("network.classify(new Uint8Array(7)).catch(({ message }) => message)")
    assert said == "This network was put away."
