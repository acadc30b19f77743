"""Ways out of a page, tried by code that runs in it, with somebody listening outside: see docs/privacy.md.

Here are those that must be tried alone, and the worker's; the others are in tests/engines/test_ways_out.py.
Each is tried on a free page first, where the listener has to hear it: then silence on the site's page says something.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Worker

from tests.conftest import BROWSER_ARGUMENTS, BROWSERS
from tests.small_site import worker_of
from tests.ways_out import ALONE, CLOSED, outside, write_site

LISTENS_S = 20.0  # on the free page, at most: as soon as something is heard, it is over
SILENCE_S = 0.3  # on the site's page, at least: it is given twice the time that the free one took

PASSKEY = """navigator.credentials.create({ publicKey: { rp: { name: "x", id: "NAME" }, challenge: new Uint8Array(16),
  user: { id: new Uint8Array(4), name: "x", displayName: "x" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }] } })"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def http(site: Path, serve: Callable[[Path], str]) -> str:
    return serve(site).replace("127.0.0.1", "localhost")  # a name, as credentials ask for


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def heard_after_s(place: Page | Worker, script: str, within_s: float, wait: Callable[[float], None]) -> float | None:
    """Try the way out, and give the seconds until something came, or None; wait: gives the browser milliseconds."""
    with outside() as listener:
        begins = time.monotonic()
        with suppress(Error):  # it is refused, or nobody answers, or the page is gone: what counts is what is heard
            place.evaluate(f"async () => {{ void ({script.replace('OUTSIDE', listener.address)}); }}")
        while not listener.hears():
            if time.monotonic() - begins > within_s:
                return None
            wait(20)
        return time.monotonic() - begins


@pytest.mark.parametrize("way", sorted(ALONE))
def test_a_way_out_is_closed(context: BrowserContext, http: str, way: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/free.html")
    took_s = heard_after_s(page, CLOSED[way], LISTENS_S, page.wait_for_timeout)
    assert took_s is not None, "the listener hears it where nothing is closed"
    page = context.new_page()
    page.goto(f"{http}/index.html")
    assert heard_after_s(page, CLOSED[way], max(SILENCE_S, 2 * took_s), page.wait_for_timeout) is None


@pytest.mark.parametrize("way", ["WebRTC", "WebTransport", "WebSocketStream", "fetch", "beacon", "import"])
def test_a_way_out_is_closed_in_the_worker(context: BrowserContext, http: str, way: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/index.html")
    page.evaluate("load()")
    script = CLOSED[way].replace("window", "globalThis").replace("navigator.sendBeacon", "navigator.sendBeacon?.")
    assert heard_after_s(worker_of(page), script, 1, page.wait_for_timeout) is None


def test_no_name_is_looked_up_for_a_passkey(browser: Browser, http: str, tmp_path: Path) -> None:
    """A browser asks the site that a passkey is for whether others may have it: the browser's own log shows that."""
    log = tmp_path / "net.json"
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    logged = browser.browser_type.launch(executable_path=installed, args=[*BROWSER_ARGUMENTS, f"--log-net-log={log}"])
    for name in ("free", "index"):
        page = logged.new_page()
        page.goto(f"{http}/{name}.html")
        with suppress(Error):
            page.evaluate(PASSKEY.replace("NAME", f"photo-{name}.example"))
    logged.close()
    looked_up = set(re.findall(r"photo-\w+\.example", log.read_text(encoding="utf-8")))
    assert looked_up == {"photo-free.example"}
