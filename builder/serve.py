"""Previews the site the way GitHub Pages serves it: under a sub-path, with its 404 page, nothing but files."""

from __future__ import annotations

import errno
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from builder.errors import BuildError

SUB_PATH = "/lesionlens/"  # as on a project site: whoever types an absolute address by mistake sees it here
CACHE_S = 600  # what GitHub Pages sends


class PagesHandler(SimpleHTTPRequestHandler):
    """Serves one folder under `SUB_PATH`; without a log, which would drown the address."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".js": "text/javascript",
    }

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(SUB_PATH))

    def do_GET(self) -> None:
        if self._stays_inside():
            super().do_GET()

    def do_HEAD(self) -> None:
        if self._stays_inside():
            super().do_HEAD()

    def _stays_inside(self) -> bool:
        if self.path.startswith(SUB_PATH):
            return True
        if self.path in ("/", SUB_PATH.rstrip("/")):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", SUB_PATH)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)
        return False

    def end_headers(self) -> None:
        self.send_header("Cache-Control", f"max-age={CACHE_S}")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
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
    """Takes it in silence when a browser hangs up: a page that is closed while it loads is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server for `site` on this machine only; port 0 takes any free one."""
    if not (site / "index.html").is_file():
        raise BuildError(f"there is no built site in {site.name}/", remedy="run python build.py first")
    try:
        return PagesServer(("127.0.0.1", port), partial(PagesHandler, directory=str(site)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise BuildError(f"port {port} cannot be used: {error.strerror}", remedy=f"try --port {port + 1}") from None


def serve_site(site: Path, port: int) -> None:
    """Serve until interrupted."""
    with make_server(site, port) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}{SUB_PATH}   (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
