"""Previews the site as GitHub Pages serves it: under a sub-path, with its 404 page, and only files."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from builder.errors import BuildError

SUB_PATH = "/lesionlens/"  # as on a project site: whoever types an absolute address by mistake sees it here
CACHE_S = 600  # what GitHub Pages sends
OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")  # under any other, a page from elsewhere may have led a browser here
REQUEST_S = 10  # for a whole request to arrive, and at most between two pieces of an answer that are taken
MOST_CONNECTIONS = 128  # at once, each with a thread; a browser opens six
HIGHEST_PORT = 65_535


class PagesHandler(SimpleHTTPRequestHandler):
    """Serves one folder under `SUB_PATH`; without a log, which would hide the address."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".js": "text/javascript",
    }

    timeout = REQUEST_S
    server: PagesServer

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        self.server.has_asked(self.request)
        hosts = self.headers.get_all("Host", [])
        if hosts and (len(hosts) > 1 or hosts[0].lower() not in self.server.own_hosts):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        return True

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(SUB_PATH))

    def do_GET(self) -> None:
        if self._stays_inside():
            super().do_GET()

    def do_HEAD(self) -> None:
        if self._stays_inside():
            super().do_HEAD()

    def _stays_inside(self) -> bool:
        if self.path.startswith(SUB_PATH) and self._is_of_site(self.translate_path(self.path)):
            return True
        if self.path in ("/", SUB_PATH.rstrip("/")):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", SUB_PATH)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)
        return False

    def _is_of_site(self, path: str) -> bool:
        """Whether a path leads to a file of the site: no outside link, no hidden file, no pipe, no folder."""
        try:
            asked = Path(path)
            if asked.is_dir():
                asked /= "index.html"
            file = asked.resolve(strict=True)
            parts = *asked.relative_to(self.directory).parts, *file.relative_to(Path(self.directory).resolve()).parts
            return file.is_file() and not any(part.startswith(".") for part in parts)
        except (OSError, ValueError, RuntimeError):  # also of names that no disk can have, and links in a circle
            return False

    def end_headers(self) -> None:
        self.send_header("Cache-Control", f"max-age={CACHE_S}")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, grad_cam: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != HTTPStatus.NOT_FOUND or not self._is_of_site(str(page)):
            super().send_error(code, message, grad_cam)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)  # GitHub Pages lists no folders

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class PagesServer(ThreadingHTTPServer):
    """Ignores connections that browsers close, and answers new ones, however many others send nothing.

    A connection without a request is closed after REQUEST_S; above MOST_CONNECTIONS, the oldest one is closed.
    """

    request_queue_size = MOST_CONNECTIONS

    def __init__(self, *arguments: Any) -> None:
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # since when, the oldest first
        self._silent: set[socket.socket] = set()
        super().__init__(*arguments)
        port = self.server_address[1]
        self.own_hosts = {f"{name}:{port}" for name in OWN_NAMES} | (set(OWN_NAMES) if port == 80 else set())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                self._hang_up(next(iter(self._open)))
            self._open[request] = time.monotonic()
            self._silent.add(request)
        super().process_request(request, client_address)

    def has_asked(self, request: socket.socket) -> None:
        with self._lock:
            self._silent.discard(request)

    def service_actions(self) -> None:
        """The work that the server's loop does twice a second."""
        with self._lock:
            for request in [each for each in self._silent if self._open[each] < time.monotonic() - REQUEST_S]:
                self._hang_up(request)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._forget(request)
        super().shutdown_request(request)

    def _hang_up(self, request: socket.socket) -> None:
        """End a connection; the thread that waits for it then closes it."""
        self._forget(request)
        with suppress(OSError):  # the other side was quicker
            request.shutdown(socket.SHUT_RDWR)

    def _forget(self, request: socket.socket) -> None:
        self._open.pop(request, None)
        self._silent.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def make_server(site: Path, port: int) -> PagesServer:
    """A server for `site`, reachable from this machine only; port 0 means any free port."""
    if not 0 <= port <= HIGHEST_PORT:
        raise BuildError(f"there is no port {port}", remedy=f"name one from 1 to {HIGHEST_PORT} with --port")
    if not (site / "index.html").is_file():
        raise BuildError(f"there is no built site in {site.name}/", remedy="run python build.py first")
    try:
        return PagesServer(("127.0.0.1", port), partial(PagesHandler, directory=str(site)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        other = port + 1 if port < HIGHEST_PORT else port - 1
        raise BuildError(f"port {port} cannot be used: {error.strerror}", remedy=f"try --port {other}") from None


def serve_site(site: Path, port: int) -> None:
    """Serve until interrupted."""
    with make_server(site, port) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}{SUB_PATH}   (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
