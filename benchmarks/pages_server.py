"""A site's files over HTTP/2, as GitHub Pages gives them out: text packed, what is most urgent first."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from http import HTTPStatus
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamReset
from h2.exceptions import StreamClosedError

from builder.site.serve import CACHE_S, SUB_PATH, PagesHandler

PACKED = {".html", ".css", ".js", ".json", ".svg", ".csv", ".wasm", ".webmanifest"}  # and not .bin
TYPES = PagesHandler.extensions_map | {".html": "text/html", ".webmanifest": "application/manifest+json"}
PIECE_BYTES = 4096  # between two of them something more urgent may come
WAITING_BYTES = 16 * 1024  # handed to the system ahead
URGENCY = 3  # of what says nothing of its own; 0 is the most urgent (RFC 9218)

Headers = list[tuple[str, str]]


class Files:
    """The answers to requests for a site's files, packed once."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.packed: dict[Path, bytes] = {}

    def answer(self, path: str, known_tag: str | None) -> tuple[Headers, bytes]:
        file = self.site / path
        if not file.is_file():
            return [(":status", str(int(HTTPStatus.NOT_FOUND))), ("content-length", "0")], b""
        is_packed = file.suffix in PACKED
        if file not in self.packed:
            self.packed[file] = gzip.compress(file.read_bytes()) if is_packed else file.read_bytes()
        body = self.packed[file]
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        status = HTTPStatus.OK
        if tag == known_tag:
            status, body = HTTPStatus.NOT_MODIFIED, b""
        headers = [
            (":status", str(int(status))),
            ("cache-control", f"max-age={CACHE_S}"),
            ("content-length", str(len(body))),
            ("content-type", TYPES.get(file.suffix, "application/octet-stream")),
            ("etag", tag),
        ]
        return headers + ([("content-encoding", "gzip"), ("vary", "accept-encoding")] if is_packed else []), body


class Connection(asyncio.Protocol):
    """One browser's connection; counts in `content_bytes`, by path, what it gives out."""

    transport: asyncio.Transport

    def __init__(self, files: Files, content_bytes: dict[str, int]) -> None:
        self.files = files
        self.content_bytes = content_bytes
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.bodies: dict[int, tuple[int, memoryview]] = {}  # by stream: urgency, and what is left to send
        self.is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=WAITING_BYTES)
        self.http.initiate_connection()
        transport.write(self.http.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.http.receive_data(data):
            if isinstance(event, RequestReceived) and event.headers and event.stream_id:
                self._answer(event.stream_id, {str(name): str(value) for name, value in event.headers})
            elif isinstance(event, StreamReset) and event.stream_id:
                self.bodies.pop(event.stream_id, None)
            elif isinstance(event, DataReceived):
                raise AssertionError("the page sends something")
            elif isinstance(event, ConnectionTerminated):
                self.transport.close()
        self._send()

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._send()

    def _answer(self, stream: int, asked: dict[str, str]) -> None:
        path = asked[":path"].partition("?")[0].removeprefix(SUB_PATH) or "index.html"
        headers, body = self.files.answer(path, asked.get("if-none-match"))
        self.content_bytes[path] = self.content_bytes.get(path, 0) + len(body)
        try:
            self.http.send_headers(stream, headers, end_stream=not body)
        except StreamClosedError:  # the browser thought better of it in the same breath
            return
        if body:
            found = re.search(r"u=(\d)", asked.get("priority", ""))
            self.bodies[stream] = (int(found[1]) if found else URGENCY, memoryview(body))

    def _send(self) -> None:
        """As much as may go now; of what is equally urgent, what was asked for first."""
        self.transport.write(self.http.data_to_send())
        while not self.is_full and not self.transport.is_closing():
            open_to = [stream for stream in self.bodies if self.http.local_flow_control_window(stream) > 0]
            if not open_to:
                break
            stream = min(open_to, key=lambda each: (self.bodies[each][0], each))
            urgency, left = self.bodies.pop(stream)
            size = min(PIECE_BYTES, self.http.local_flow_control_window(stream), self.http.max_outbound_frame_size)
            self.http.send_data(stream, bytes(left[:size]), end_stream=len(left) <= size)
            if len(left) > size:
                self.bodies[stream] = (urgency, left[size:])
            self.transport.write(self.http.data_to_send())
