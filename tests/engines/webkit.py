"""Debian's WebKit, the engine of every iPhone, driven by WebDriver (W3C): JSON over http."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.engines.engine import WAIT_S, Engine, MissingEngine, into_view

DRIVER, SCREEN = "WebKitWebDriver", "Xvfb"  # Debian: webkit2gtk-driver, xvfb
ASKED = """const tell = arguments[0];
(async () => JSON.stringify((await ({})) ?? null))().then(tell, (error) => tell(`!${{error}}`));"""
# The driver tells nothing of a page's errors, so the page keeps them itself, from when it is loaded.
KEEP_ERRORS = """(() => {
  globalThis.errors = [];
  for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"]) {
    addEventListener(kind, (event) => errors.push(String(event.message ?? event.reason ?? event.violatedDirective)));
  }
})()"""


class WebKit(Engine):
    name = "WebKit"

    def __init__(self, driver: str) -> None:
        self._address = driver
        wanted = {"alwaysMatch": {"timeouts": {"script": 1000 * WAIT_S}}}
        self._address += f"/session/{self._send('POST', '/session', capabilities=wanted)['sessionId']}"

    def goto(self, address: str) -> None:
        self._send("POST", "/url", url=address)
        self.evaluate(KEEP_ERRORS)

    def errors(self) -> list[str]:
        told: list[str] = self.evaluate("globalThis.errors")
        return told

    def evaluate(self, expression: str) -> Any:
        told = self._send("POST", "/execute/async", script=ASKED.format(expression), args=[])
        if told.startswith("!"):
            raise RuntimeError(told[1:])
        return json.loads(told)

    def click(self, selector: str) -> None:
        self.wait_for(into_view(selector))
        self._send("POST", f"/element/{self._find(selector)}/click")

    def choose(self, *photos: Path) -> None:
        self.evaluate("document.querySelector('#photo').value = ''")  # the driver adds to what is chosen
        self._send("POST", f"/element/{self._find('#photo')}/value", text="\n".join(map(str, photos)))

    def close(self) -> None:
        self._send("DELETE", "")

    def _find(self, selector: str) -> str:
        found = self._send("POST", "/element", using="css selector", value=selector)
        return str(next(iter(found.values())))

    def _send(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        request = Request(self._address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=2 * WAIT_S) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None


@contextmanager
def started() -> Iterator[WebKit]:
    """A WebKit on a screen and in a home of its own, until the end."""
    for program in (DRIVER, SCREEN):
        if not shutil.which(program):
            raise MissingEngine(f"there is no {program} on this machine")
    with ExitStack() as ending:
        home = ending.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        homes = {f"XDG_{kind}_HOME": f"{home}/{kind}" for kind in ("DATA", "CACHE", "CONFIG")}
        environment = {**os.environ, **homes, "HOME": home, "DISPLAY": _screen(ending)}
        port = _free_port()
        nowhere = subprocess.DEVNULL
        driver = subprocess.Popen([DRIVER, f"--port={port}"], env=environment, stdout=nowhere, stderr=nowhere)
        _end(driver, ending)
        _wait_for(port)
        engine = WebKit(f"http://127.0.0.1:{port}")
        ending.callback(engine.close)
        yield engine


def _screen(ending: ExitStack) -> str:
    """Start a screen that nobody sees, and give its name."""
    command = [SCREEN, "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    screen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    _end(screen, ending)
    assert screen.stdout
    ending.callback(screen.stdout.close)
    return f":{screen.stdout.readline().strip()}"


def _end(process: subprocess.Popen[Any], ending: ExitStack) -> None:
    ending.callback(process.wait)
    ending.callback(process.terminate)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    """Wait until the driver listens."""
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{DRIVER} does not listen")
