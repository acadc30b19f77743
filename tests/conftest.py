"""What several test files share: a browser, a server for a folder, and a whole build on demo data."""

from __future__ import annotations

import functools
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # by the names systems give it
BROWSER_ARGUMENTS = [
    "--no-sandbox",  # containers run as root
    "--disable-background-networking",
    # A software WebGL, so that this backend can be tested on machines without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--use-fake-device-for-media-stream",  # a camera that shows a moving picture; the page still has to ask for it
]


class QuietHandler(SimpleHTTPRequestHandler):
    def send_head(self) -> BytesIO | BinaryIO | None:
        """Send the file as it is now: its date, in whole seconds, says nothing of what a test changed just before."""
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pytest's output is for failures."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium: the system's, or else the one that playwright downloads."""
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        if not installed and not Path(playwright.chromium.executable_path).exists():
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
        browser = playwright.chromium.launch(executable_path=installed, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder until the tests end: `serve(folder)` gives its address, without a slash at the end."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(serving(folder))


@dataclass(frozen=True)
class Build:
    """A finished `python build.py`: where its results and its site are, and what it printed."""

    work: Path
    site: Path
    output: str

    @property
    def report(self) -> Any:
        return json.loads((self.site / "report.json").read_text(encoding="utf-8"))

    @property
    def first_network(self) -> str:
        """The name of the network that answers a visitor first."""
        return str(next(iter(self.report["networks"])))

    def latest(self, stage: str) -> Path:
        """The folder of the stage's last result; a work folder may hold earlier ones."""
        return max((self.work / stage).glob("*/done.json"), key=lambda done: done.stat().st_mtime_ns).parent


def run_build_py(*arguments: str | Path, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run `python build.py` as a user does; both streams come back as text."""
    command = [sys.executable, str(REPOSITORY / "build.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def start_build_py(*arguments: str | Path) -> subprocess.Popen[str]:
    """Begin `python build.py` and go on; what it prints comes as one stream. Ctrl-C reaches it as a user's would."""
    command = [sys.executable, str(REPOSITORY / "build.py"), *map(str, arguments)]
    # A suite that was started in the background has Ctrl-C switched off and would hand that on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--demo-work", type=Path, help="work folder of a demo build: what has not changed is not made again"
    )
    parser.addoption("--engines", action="store_true", help="fail where there is no Firefox or no WebKit to test in")


@pytest.fixture(scope="session")
def demo_build(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Build:
    """The whole build on demo data, as anybody's first one: some minutes, or less with `--demo-work`."""
    folder = tmp_path_factory.mktemp("demo")
    work, site = pytestconfig.getoption("demo_work") or folder / "work", folder / "site"
    done = run_build_py("--work", work, "--site", site)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(work, site, done.stdout + done.stderr)
