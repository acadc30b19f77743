"""An engine for each test to run in, and the page in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.site.serve import SUB_PATH, make_server
from tests.engines import chromium, firefox, webkit
from tests.engines.engine import Engine, MissingEngine


@pytest.fixture(scope="session", params=["Chromium", "Firefox", "WebKit"])
def engine(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Engine]:
    """Each engine in turn; it starts once."""
    starts = {
        "Chromium": lambda: chromium.started(request.getfixturevalue("browser")),
        "Firefox": firefox.started,
        "WebKit": webkit.started,
    }
    try:
        with starts[request.param]() as engine:
            yield engine
    except MissingEngine as missing:
        if pytestconfig.getoption("engines"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The site's address over http, with a slash at the end, until it is taken off the network."""
    with make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
        server.shutdown()


@contextmanager
def offered(site: Path, way: str) -> Iterator[str]:
    """The site's address over http or from disk, with a slash at the end."""
    if way == "disk":
        yield f"{site.as_uri()}/"
    else:
        with served(site) as address:
            yield address
