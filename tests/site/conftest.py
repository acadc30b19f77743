"""What the tests of the built site share: its address, a browser's page that must not fail, and photos to choose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from builder.data.demo.draw import draw_demo_photos
from builder.site.serve import SUB_PATH, make_server
from tests.conftest import Build
from tests.visiting import (
    LOADED,
    METERED,
    WAIT_MS,
)


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
