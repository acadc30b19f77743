"""A site at the other end of a line of a certain speed, served as GitHub Pages does: HTTP/2 over TLS, text packed.

What a browser's own tools slow down are the requests of a page, not those of its workers; so the line itself is slow:
it stands between browser and server, hands on bytes at a rate that all connections share, each after half a round trip,
and lets no connection begin before a whole one. It loses no packets and knows no slow start.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypercorn.asyncio import serve
from hypercorn.config import Config

from builder.serve import CACHE_S, SUB_PATH, PagesHandler

PACKED = {".html", ".css", ".js", ".json", ".svg", ".csv", ".wasm", ".webmanifest"}  # and not .bin
CHUNK_BYTES = 4096
BUFFER_BYTES = (
    32 * 1024
)  # what the server has sent is out of its hands: the less, the better it can hurry what is urgent
AHEAD_S = 0.02  # of the line, so that it does not stand still when this process wakes late


@dataclass(frozen=True, slots=True)
class Line:
    """megabits: a second, towards the visitor; the other way there is no limit."""

    megabits: float
    round_trip_ms: float

    def __str__(self) -> str:
        return f"{self.megabits:g} Mbit/s, {self.round_trip_ms:g} ms"


@dataclass(slots=True)
class Traffic:
    """What has come through the line since it was last emptied."""

    line_bytes: int = 0
    content_bytes: dict[str, int] = field(default_factory=dict)  # by path, packed as it was sent

    def clear(self) -> None:
        self.line_bytes = 0
        self.content_bytes.clear()


@dataclass(frozen=True, slots=True)
class Served:
    """Where the site is, and how a browser comes to trust it."""

    address: str
    browser_argument: str
    traffic: Traffic


@contextlib.contextmanager
def served(site: Path, line: Line) -> Iterator[Served]:
    """Serve `site` at the end of `line`."""
    traffic = Traffic()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    certificate = trustme.CA().issue_cert("localhost")
    with tempfile.TemporaryDirectory() as folder:
        starting = _start(_app(site, traffic), _config(certificate, Path(folder)), line, traffic)
        port = asyncio.run_coroutine_threadsafe(starting, loop).result()
        yield Served(f"https://localhost:{port}{SUB_PATH}", _trust(certificate), traffic)
        asyncio.run_coroutine_threadsafe(_stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)


async def _start(app: Any, config: Config, line: Line, traffic: Traffic) -> int:
    """The server, and the line before it; gives the line's port."""
    behind = _listening()
    relay = _Relay(line, behind.getsockname()[1], traffic)
    config.bind = [f"fd://{behind.detach()}"]
    relay.keep(asyncio.create_task(serve(app, config, shutdown_trigger=asyncio.Event().wait)))
    relay.keep(await asyncio.start_server(relay.connect, "127.0.0.1", 0))
    return int(relay.kept[-1].sockets[0].getsockname()[1])


async def _stop() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # connections that are cut off may say so
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _listening() -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


def _config(certificate: trustme.LeafCert, folder: Path) -> Config:
    names = {name: folder / f"{name}.pem" for name in ("certificate", "key")}
    certificate.cert_chain_pems[0].write_to_path(names["certificate"])
    certificate.private_key_pem.write_to_path(names["key"])
    config = Config()
    config.certfile, config.keyfile = str(names["certificate"]), str(names["key"])
    config.alpn_protocols = ["h2"]
    config.loglevel = "CRITICAL"
    config.graceful_timeout = 0.1
    config.include_server_header = False
    return config


def _trust(certificate: trustme.LeafCert) -> str:
    """Chromium's switch for one certificate: with it, service workers and caches are there as on any https site."""
    key = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"


def _app(site: Path, traffic: Traffic) -> Any:
    """The files of the site, as an ASGI application."""
    packed: dict[Path, bytes] = {}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        path = scope["path"].removeprefix(SUB_PATH) or "index.html"
        file = site / path
        status = HTTPStatus.OK if file.is_file() else HTTPStatus.NOT_FOUND
        body = b""
        headers = [(b"cache-control", f"max-age={CACHE_S}".encode())]
        if status == HTTPStatus.OK:
            if file not in packed:
                packed[file] = gzip.compress(file.read_bytes()) if file.suffix in PACKED else file.read_bytes()
            body = packed[file]
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'.encode()
            headers += [(b"etag", tag), (b"content-type", _media_type(file).encode())]
            if file.suffix in PACKED:
                headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
            if dict(scope["headers"]).get(b"if-none-match") == tag:
                status, body = HTTPStatus.NOT_MODIFIED, b""
        headers.append((b"content-length", str(len(body)).encode()))
        traffic.content_bytes[path] = traffic.content_bytes.get(path, 0) + len(body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for start in range(0, len(body), CHUNK_BYTES):
            await send({"type": "http.response.body", "body": body[start : start + CHUNK_BYTES], "more_body": True})
        await send({"type": "http.response.body"})

    return app


def _media_type(file: Path) -> str:
    types = PagesHandler.extensions_map | {".webmanifest": "application/manifest+json"}
    return types.get(file.suffix, "text/html" if file.suffix == ".html" else "application/octet-stream")


class _Relay:
    """Hands bytes on, in both directions, as the line does."""

    def __init__(self, line: Line, port: int, traffic: Traffic) -> None:
        self.bytes_a_second = line.megabits * 1e6 / 8
        self.one_way_s = line.round_trip_ms / 1000 / 2
        self.port = port
        self.traffic = traffic
        self.kept: list[Any] = []  # what runs as long as the line does, and would be collected if nobody held it
        self.free_at = 0.0  # when the last byte that any connection has given to the line will have left

    def keep(self, running: Any) -> None:
        self.kept.append(running)

    async def connect(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self.one_way_s)  # the handshake of TCP
        near = socket.socket()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        near.setblocking(False)
        await asyncio.get_running_loop().sock_connect(near, ("127.0.0.1", self.port))
        server, to_server = await asyncio.open_connection(sock=near, limit=BUFFER_BYTES)
        directions = (self._carry(browser, to_server, is_down=False), self._carry(server, to_browser, is_down=True))
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await asyncio.gather(*directions)
        for end in (to_server, to_browser):
            end.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_down: bool) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(_arrive(under_way, target))
        while chunk := await source.read(CHUNK_BYTES):
            leaves_at = time.monotonic()
            if is_down:
                self.traffic.line_bytes += len(chunk)
                leaves_at = self.free_at = max(leaves_at, self.free_at) + len(chunk) / self.bytes_a_second
            under_way.put_nowait((leaves_at + self.one_way_s, chunk))
            await asyncio.sleep(leaves_at - AHEAD_S - time.monotonic())  # what waits, waits at the server
        under_way.put_nowait((0, b""))
        await arriving


async def _arrive(under_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
    while True:
        arrives_at, chunk = await under_way.get()
        if not chunk:
            break
        await asyncio.sleep(max(0.0, arrives_at - time.monotonic()))
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
