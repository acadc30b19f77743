"""A Firefox of the system, driven by WebDriver BiDi (W3C), which it speaks by itself.

Playwright drives a Firefox of its own making, and asks others for what their long-lived versions do not know yet.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.engines.engine import WAIT_S, Engine, MissingEngine, into_view
from tests.node import NODE

NAMES = (
    "firefox-esr",
    "firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    r"C:\Program Files\Mozilla Firefox\firefox.exe",
)
BRIDGE = Path(__file__).with_name("firefox_bridge.mjs")
# WebRTC sends to this machine as to any other: the test of ways out listens here.
SETTINGS = 'user_pref("media.peerconnection.ice.loopback", true);'
ADDRESS_FILE = "WebDriverBiDiServer.json"  # Firefox puts it into its profile once it listens


class Firefox(Engine):
    name = "Firefox"

    def __init__(self, bridge: subprocess.Popen[str]) -> None:
        self._bridge = bridge
        self._numbers = count(1)
        self._heard: queue.Queue[str] = queue.Queue()
        self._errors: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._tab = self._send("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, address: str) -> None:
        self._errors.clear()
        self._send("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def errors(self) -> list[str]:
        self.evaluate("null")  # what was said before the answer has been heard with it
        return self._errors

    def evaluate(self, expression: str) -> Any:
        told = self._run(f"(async () => JSON.stringify((await ({expression})) ?? null))()")
        return json.loads(told["value"])

    def click(self, selector: str) -> None:
        self.wait_for(into_view(selector))
        over = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": self._find(selector)}}
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "actions": [over, *press]}
        self._send("input.performActions", context=self._tab, actions=[mouse])

    def choose(self, *photos: Path) -> None:
        self._run("document.querySelector('#photo').value = ''")  # a file of the same name and size would be no change
        files = [str(photo) for photo in photos]
        self._send("input.setFiles", context=self._tab, element=self._find("#photo"), files=files)

    def _find(self, selector: str) -> dict[str, str]:
        return {"sharedId": self._run(f"document.querySelector({selector!r})")["sharedId"]}

    def _run(self, expression: str) -> Any:
        target = {"context": self._tab}
        done = self._send("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if done["type"] == "exception":
            raise RuntimeError(done["exceptionDetails"]["text"])
        return done["result"]

    def _send(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        assert self._bridge.stdin
        self._bridge.stdin.write(json.dumps({"id": number, "method": method, "params": parameters}) + "\n")
        self._bridge.stdin.flush()
        while True:
            message = json.loads(self._heard.get(timeout=WAIT_S))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self._errors.append(str(message["params"]["text"]))
            if message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['message']}")
                return message["result"]

    def _listen(self) -> None:
        assert self._bridge.stdout
        for line in self._bridge.stdout:
            self._heard.put(line)


@contextmanager
def started() -> Iterator[Firefox]:
    """A Firefox with a profile of its own, until the end."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        raise MissingEngine("there is no Firefox on this machine")
    with ExitStack() as ending:
        # Windows may still hold a file when the folder is to go.
        profile = Path(ending.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        (profile / "user.js").write_text(SETTINGS, encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ending.callback(process.wait)
        ending.callback(process.terminate)
        address = _address(profile)
        with subprocess.Popen(
            [NODE, BRIDGE, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as bridge:
            yield Firefox(bridge)
            assert bridge.stdin
            bridge.stdin.close()


def _address(profile: Path) -> str:
    """Wait until Firefox listens, and give where."""
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        try:
            place = json.loads((profile / ADDRESS_FILE).read_text(encoding="utf-8"))
            return f"ws://{place['ws_host']}:{place['ws_port']}/session"
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
    raise TimeoutError("Firefox does not listen")
