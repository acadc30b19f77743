"""Tampered hosts: whatever has become of a file of the site, the page ends in the right answer or in words."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from builder.classes import CLASSES
from builder.network import Network, build_network
from builder.site.languages import LANGUAGES
from tests.conftest import Build
from tests.mobilenet_site import export_mobilenet
from tests.tampering import CARD, FILES, SCRIPTS, WASM, Tampering
from tests.visiting import METERED, png, spot_photo

PHOTO = png(spot_photo(400, 300))
WITHIN_MS = 20_000  # WebGL in software takes a part of that
# How it ended, or nothing as long as it has not. What stands there before the styles have come was never painted.
ENDED = """() => {
  if (document.readyState !== "complete") return null;
  const { state } = document.querySelector("main").dataset;
  if (state === "result") {
    const all = [...document.querySelectorAll("[data-code]")];
    const rows = all.map(({ dataset }) => [dataset.code, dataset.probability]);
    return { state, rows, said: document.querySelector("#answer").textContent };
  }
  const seen = [...document.querySelectorAll("#message, #incomplete")].filter((one) =>
    one.checkVisibility({ visibilityProperty: true }));
  const words = seen.map((one) => one.innerText).join(" ").trim();
  return words === "" ? null : { state, words, rows: document.querySelectorAll("[data-code]").length };
}"""
FROM_DISK = [*(each for each in FILES if each.file in (CARD, WASM)), *SCRIPTS]


class TamperedHandler(SimpleHTTPRequestHandler):
    """A host of which some files are not what they were; browsers may keep the others, as GitHub Pages has it."""

    protocol_version = "HTTP/1.1"
    tampered: dict[str, bytes | None]

    def do_GET(self) -> None:
        path = self.path.split("?")[0].lstrip("/")
        if path not in self.tampered:
            super().do_GET()
            return
        content = self.tampered[path]
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pytest's output is for failures."""


class Host:
    """The site over http, with files in the place of others."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.tampered: dict[str, bytes | None] = {}
        handler = type("Handler", (TamperedHandler,), {"tampered": self.tampered})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(site)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def site(demo_build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's site, where a small network answers first: without WASM, the demo's takes seconds a photo."""
    site = tmp_path_factory.mktemp("small") / "site"
    shutil.copytree(demo_build.site, site, copy_function=_link)
    known = hashlib.sha256((site / CARD).read_bytes()).hexdigest()
    shutil.rmtree((site / CARD).parent)
    export_mobilenet(small_compact(), site, "compact", refuses=False)
    now = hashlib.sha256((site / CARD).read_bytes()).hexdigest()
    for page in site.rglob("index.html"):
        content = page.read_text(encoding="utf-8")
        assert content.count(known) == 1
        page.unlink()  # it is a link
        page.write_text(content.replace(known, now), encoding="utf-8")
    return site


def small_compact() -> Network:
    """It answers above the operating point, so that a page that judges otherwise answers otherwise."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("builder.network.compact.STEM_FILTERS", 8)
        patched.setattr("builder.network.compact.STAGES", (8, 16))
        network = build_network("compact", seed=1)
    *_, last = (layer for layer in network.layers if layer.get_weights())
    last.set_weights([last.get_weights()[0], np.array([2.0 * kind.is_malignant for kind in CLASSES])])
    return network


@pytest.fixture
def host(site: Path) -> Iterator[Host]:
    """A host of its own for each test: an address of which the browser has kept nothing."""
    with hosting(site) as host:
        yield host


@contextmanager
def hosting(site: Path) -> Iterator[Host]:
    host = Host(site)
    yield host
    host.close()


@pytest.fixture
def tampered(host: Host) -> dict[str, bytes | None]:
    """What stands in the place of which files."""
    return host.tampered


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests, whose first tab stays open: so the browser compiles TensorFlow.js once."""
    context = browser.new_context(service_workers="block")
    context.set_default_timeout(WITHIN_MS)
    context.add_init_script(METERED)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, untouched: dict[str, Any]) -> Iterator[Page]:
    page = context.new_page()
    unexpected: list[str] = []
    page.on("pageerror", lambda error: unexpected.append(f"{error.name}: {error.message}"))
    yield page
    page.close()
    # A script that is cut is the browser's own to complain about; anything else should have been caught.
    # (Of one from disk it says so in other words.)
    assert [error for error in unexpected if not error.removeprefix("Uncaught ").startswith("SyntaxError")] == []


def visit(page: Page, address: str) -> dict[str, Any]:
    """Open the page and choose a photo at once; how that ends."""
    page.goto(address, wait_until="commit")
    page.wait_for_selector("#photo", state="attached")
    page.set_input_files("#photo", {"name": "photo.png", "mimeType": "image/png", "buffer": PHOTO})
    ended: dict[str, Any] = page.wait_for_function(ENDED).json_value()
    if ended["state"] == "result":
        ended["rows"] = {code: float(value) for code, value in ended["rows"]}
    return ended


@pytest.fixture(scope="module")
def untouched(context: BrowserContext, site: Path) -> dict[str, Any]:
    with hosting(site) as host:
        answer = visit(context.new_page(), f"{host.address}index.html#en")
    assert len(answer["rows"]) == 7
    assert sum(answer["rows"][kind.code] for kind in CLASSES if kind.is_malignant) > 0.6
    return answer


def assert_right_or_in_words(ended: dict[str, Any], untouched: dict[str, Any]) -> None:
    if ended["state"] == "result":
        assert ended["rows"] == pytest.approx(untouched["rows"], abs=0.001)
        assert ended["said"] == untouched["said"]
        return
    assert len(ended["words"]) > 15  # a sentence in Chinese is short
    assert not any(broken in ended["words"] for broken in ("undefined", "NaN", "null", "{"))
    assert ended["state"] == "error"
    assert ended["rows"] == 0


@pytest.mark.parametrize("tampering", FILES, ids=str)
def test_a_tampered_file_ends_in_the_right_answer_or_in_words(
    page: Page, host: Host, tampered: dict[str, bytes | None], untouched: dict[str, Any], tampering: Tampering
) -> None:
    tampered[tampering.file] = tampering.content(host.site)
    assert_right_or_in_words(visit(page, f"{host.address}index.html#en"), untouched)


@pytest.mark.parametrize("tampering", SCRIPTS, ids=str)
def test_a_tampered_script_of_the_page_ends_in_the_right_answer_or_in_words(
    page: Page, host: Host, tampered: dict[str, bytes | None], untouched: dict[str, Any], tampering: Tampering
) -> None:
    tampered[tampering.file] = tampering.content(host.site)
    assert_right_or_in_words(visit(page, f"{host.address}index.html#en"), untouched)


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
@pytest.mark.parametrize("file", [CARD, "js/app.js"])
def test_in_every_language_the_words_are_its_own(
    page: Page, host: Host, tampered: dict[str, bytes | None], language: Any, file: str
) -> None:
    tampered[file] = b"" if file == CARD else None
    folder = "" if language.code == "en" else f"{language.code}/"
    ended = visit(page, f"{host.address}{folder}index.html#en")
    assert ended["state"] == "error"
    assert len(ended["words"]) > 15
    assert ("Load the page again" in ended["words"]) is (language.code == "en")


def test_without_any_script_the_page_has_words_of_its_own(
    page: Page, host: Host, tampered: dict[str, bytes | None]
) -> None:
    tampered.update({f"js/{file.name}": None for file in (host.site / "js").glob("*.js")})
    assert "load the page again" in visit(page, f"{host.address}index.html#en")["words"]


def test_a_page_that_lags_behind_its_network_is_right_again_once_it_is_loaded_again(
    page: Page, host: Host, tampered: dict[str, bytes | None], untouched: dict[str, Any]
) -> None:
    now = (host.site / "index.html").read_bytes()
    lagging = now.replace(b'"model/compact/card.json": "', b'"model/compact/card.json": "0')
    assert lagging != now
    tampered["index.html"] = lagging
    assert "do not belong together" in visit(page, f"{host.address}index.html#en")["words"]
    del tampered["index.html"]
    page.get_by_role("button", name="Load the page again").click()
    page.wait_for_selector("main[data-state=ready]")
    page.set_input_files("#photo", {"name": "photo.png", "mimeType": "image/png", "buffer": PHOTO})
    page.wait_for_selector("main[data-state=result]")
    assert page.locator("#answer").text_content() == untouched["said"]


def test_an_older_script_out_of_the_browsers_cache_is_not_there_when_the_page_is_loaded_again(
    page: Page, host: Host, tampered: dict[str, bytes | None], untouched: dict[str, Any]
) -> None:
    tampered["js/app.js"] = (host.site / "js" / "app.js").read_bytes() + b"// of an older version"
    assert "do not belong together" in visit(page, f"{host.address}index.html#en")["words"]
    del tampered["js/app.js"]
    page.reload()  # it finds it in the cache, and what it fetches behind that is the right one
    page.wait_for_selector("main[data-state=error]")
    page.get_by_role("button", name="Load the page again").click()
    page.wait_for_selector("main[data-state=ready]")
    page.set_input_files("#photo", {"name": "photo.png", "mimeType": "image/png", "buffer": PHOTO})
    page.wait_for_selector("main[data-state=result]")
    assert page.locator("#answer").text_content() == untouched["said"]


@pytest.fixture(scope="module")
def on_disk(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the site in which files can be replaced, as links to the same bytes."""
    copy = tmp_path_factory.mktemp("tampered") / "site"
    shutil.copytree(site, copy, copy_function=_link)
    return copy


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)


@pytest.mark.parametrize("tampering", FROM_DISK, ids=str)
def test_from_disk_a_tampered_file_ends_in_the_right_answer_or_in_words(
    page: Page, on_disk: Path, site: Path, untouched: dict[str, Any], tampering: Tampering, disk_copy_of: Any
) -> None:
    file, content = disk_copy_of(tampering, site)
    place = on_disk / file
    place.unlink()
    if content is not None:
        place.write_bytes(content)
    try:
        assert_right_or_in_words(visit(page, (on_disk / "index.html").as_uri() + "#en"), untouched)
    finally:
        place.unlink(missing_ok=True)
        _link(str(site / file), str(place))


@pytest.fixture
def disk_copy_of(tmp_path: Path) -> Callable[[Tampering, Path], tuple[str, bytes | None]]:
    """Of a file that a page from disk reads as a script, the script that hands it over."""
    from builder.export.disk_copies import write_disk_copy

    def twin(tampering: Tampering, site: Path) -> tuple[str, bytes | None]:
        content = tampering.content(site)
        if tampering.file.endswith(".js"):
            return tampering.file, content
        if content is None:
            return f"{tampering.file}.js", None
        file = tmp_path / tampering.file
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        return f"{tampering.file}.js", write_disk_copy(file, tmp_path).read_bytes()

    return twin
