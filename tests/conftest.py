"""What several test files share: a browser, a server for a folder, and a whole build on demo data."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from builder.cli import main

pytest_plugins = ["tests.quick"]
REPOSITORY = Path(__file__).parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER")  # which of several processes that share the tests this is
# Each worker has a core: what it computes, and what the builds it starts compute, takes no other's.
ONE_THREAD = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
if WORKER:
    os.environ.update(ONE_THREAD)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # by the names systems give it
BROWSER_ARGUMENTS = [
    "--no-sandbox",  # containers run as root
    "--disable-background-networking",
    # A software WebGL, so that this backend can be tested on machines without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",  # for WebGL alone: pages are painted sooner without it, in half the processor time
    "--use-fake-device-for-media-stream",  # a camera that shows a moving picture; the page still has to ask for it
]


class QuietHandler(SimpleHTTPRequestHandler):
    def send_head(self) -> io.BytesIO | BinaryIO | None:
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


# A build that learns nothing, of both of the site's networks: the second without five of its convolutions, which are
# nine tenths of what it computes.
TINY = (
    "--set", "demo.photos=70", "--set", "training.epochs=2", "--set", "evaluation.resamples=20",
    "--set", "cnn.convolutions=1",
)  # fmt: skip


# Where nothing is asked about them, the detector is tried on few pictures of other things: else they are half a build.
FEW_PICTURES = {"DRAWN": 6, "CROPS": 2}


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

    def copy_of_work(self, folder: Path) -> Path:
        """A copy of its work folder in that folder: what another build has in common with it is not made again."""
        return Path(shutil.copytree(self.work, folder / "work", copy_function=os.link))

    def latest(self, stage: str) -> Path:
        """The folder of the stage's last result; a work folder may hold earlier ones."""
        return max((self.work / stage).glob("*/done.json"), key=lambda done: done.stat().st_mtime_ns).parent


def run_build_py(
    *arguments: str | Path, cwd: Path = REPOSITORY, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python build.py` as a user does; both streams come back as text."""
    command = [sys.executable, str(REPOSITORY / "build.py"), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    sys.audit("tests.built", done.stdout)  # a quick run listens
    return done


def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of `python build.py` in this process, where TensorFlow has started already."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*map(str, arguments)])
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def little_work() -> Iterator[None]:
    """Builds in this process train two blocks of the compact network, and try the detector on few pictures."""
    from builder.evaluate import ood_photos

    with pytest.MonkeyPatch.context() as patched:
        for name, number in FEW_PICTURES.items():
            patched.setattr(ood_photos, name, number)
        patched.setattr("builder.network.compact.STAGES", (24, 48))
        ood_photos.other_things.cache_clear()
        yield
    ood_photos.other_things.cache_clear()


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that ask for the demo build last, but the first of them first.

    Of two workers, one builds while the other does what needs no build.
    """
    waiting = list(dict.fromkeys(item.path for item in items if "demo_build" in getattr(item, "fixturenames", ())))
    places = {path: place for place, path in enumerate([None, *waiting[1:]], 1)}
    items.sort(key=lambda item: 0 if item.path in waiting[:1] else places.get(item.path, 1))


@pytest.fixture(scope="session")
def demo_build(trains: None, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Build:
    """The whole build on demo data, as anybody's first one: some minutes, or less with `--demo-work`."""
    folder = shared_folder(tmp_path_factory) / "demo"
    # On all cores, as a user's: the figures that are claimed are of such a build.
    env = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    return built_once(folder, work=pytestconfig.getoption("demo_work"), env=env)


@pytest.fixture(scope="session")
def tiny_build(trains: None, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A whole build on few photos, which learns nothing."""
    return built_once(shared_folder(tmp_path_factory) / "tiny", *TINY)


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers of a run find what is made once for them."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if WORKER else own


def built_once(folder: Path, *arguments: str, work: Path | None = None, env: dict[str, str] | None = None) -> Build:
    """Build into the folder, unless another worker has: then this one waits for it; what failed fails in each."""
    folder.mkdir(exist_ok=True)
    work, site, told = work or folder / "work", folder / "site", folder / "told.json"
    with FileLock(folder / "lock"):
        if not told.exists():
            done = run_build_py("--work", work, "--site", site, *arguments, env=env)
            told.write_text(json.dumps([done.returncode, done.stdout + done.stderr]), encoding="utf-8")
    code, output = json.loads(told.read_text(encoding="utf-8"))
    assert code == 0, output
    return Build(work, site, output)
