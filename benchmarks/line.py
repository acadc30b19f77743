"""A site at the other end of a line of a certain speed, served as GitHub Pages does: HTTP/2 over TLS, text packed.

What a browser's own tools slow down are the requests of a page, not those of its workers; so the line itself is slow:
it stands between browser and server, hands on bytes at a rate that all connections share, each after half a round trip,
and lets no connection begin before a whole one. It loses no packets and knows no slow start.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pages_server import Connection, Files

from builder.site.serve import SUB_PATH

CHUNK_BYTES = 4096
BUFFER_BYTES = 4096  # what has left the server is out of its hands: the less, the better it can hurry what is urgent
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
    starting = _start(Files(site), _tls(certificate), line, traffic)
    listening, port = asyncio.run_coroutine_threadsafe(starting, loop).result()
    yield Served(f"https://localhost:{port}{SUB_PATH}", _trust(certificate), traffic)
    asyncio.run_coroutine_threadsafe(_stop(listening), loop).result()
    loop.call_soon_threadsafe(loop.stop)


async def _start(files: Files, tls: ssl.SSLContext, line: Line, traffic: Traffic) -> tuple[list[asyncio.Server], int]:
    """The server, and the line before it; gives the line's port."""
    behind = socket.socket()
    behind.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    behind.bind(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(files, traffic.content_bytes), sock=behind, ssl=tls)
    relay = await asyncio.start_server(_Relay(line, behind.getsockname()[1], traffic).connect, "127.0.0.1", 0)
    return [server, relay], int(relay.sockets[0].getsockname()[1])


async def _stop(listening: list[asyncio.Server]) -> None:
    for server in listening:
        server.close()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    context.set_alpn_protocols(["h2"])
    return context


def _trust(certificate: trustme.LeafCert) -> str:
    """Chromium's switch for one certificate: with it, service workers and caches are there as on any https site."""
    key = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"


class _Relay:
    """Hands bytes on, in both directions, as the line does."""

    def __init__(self, line: Line, port: int, traffic: Traffic) -> None:
        self.bytes_a_second = line.megabits * 1e6 / 8
        self.one_way_s = line.round_trip_ms / 1000 / 2
        self.port = port
        self.traffic = traffic
        self.free_at = 0.0  # when the last byte that any connection has given to the line will have left

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
