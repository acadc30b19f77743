"""The ways out of the page that can be tried all at once, in every engine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines.conftest import served
from tests.engines.engine import Engine
from tests.ways_out import TOGETHER, outside, write_site

# What an engine must send from a page without protection: else the silence of the site's page says nothing. The others
# of those tried are unknown to one engine or another.
HEARD_FREE = {"fetch", "XMLHttpRequest", "beacon", "EventSource", "WebSocket", "image", "script", "frame", "stylesheet"}
HEARD_IN = {"Chromium": set(TOGETHER), "Firefox": {"WebRTC", "WebTransport"}, "WebKit": {"ping of a link"}}
LISTENS_S = 20.0  # on the free page, at most
SILENCE_S = 2.0  # on the site's page, at least: it is given twice the time that the free one took


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site"))


def heard_from(engine: Engine, address: str, within_s: float, until: set[str]) -> set[str]:
    """Open the page, try every way, and give those by which something came until these did, or the time was up."""
    engine.goto(address)
    with ExitStack() as opened:
        listeners = {way: opened.enter_context(outside()) for way in TOGETHER}
        for way, script in TOGETHER.items():
            # What is refused, or waits for an answer, must not keep the others from being tried.
            tried = script.replace("OUTSIDE", listeners[way].address)
            engine.evaluate(f"void (async () => {{ void ({tried}); }})().catch(() => {{}})")
        ends = time.monotonic() + within_s
        while True:
            heard = {way for way, listener in listeners.items() if listener.hears()}
            if heard >= until or time.monotonic() > ends:
                return heard
            time.sleep(0.05)


def test_the_ways_out_are_closed_in_every_engine(engine: Engine, site: Path) -> None:
    must = HEARD_FREE | HEARD_IN[engine.name]
    with served(site) as address:
        begins = time.monotonic()
        assert heard_from(engine, f"{address}free.html", LISTENS_S, until=must) >= must
        silent_s = max(SILENCE_S, 2 * (time.monotonic() - begins))
        assert heard_from(engine, f"{address}index.html", silent_s, until=set(TOGETHER)) == set()
