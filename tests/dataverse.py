"""A server that behaves like Harvard Dataverse, and like it on a bad day."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DOI = "doi:10.7910/DVN/DBW86T"


@dataclass
class Dataverse:
    """What the server has, how it misbehaves, and what it was asked; `bad_day` is used up answer by answer.

    Each bad answer is one of: (status, {header: value}) instead of an answer; "cut 100" after 100 bytes of a file;
    "wrong", a file of the right size with other bytes.
    """

    files: dict[str, bytes]
    tables: dict[str, bytes] = field(default_factory=dict)  # listed as .tab, handed out as uploaded when asked to
    md5_of: dict[str, str] = field(default_factory=dict)  # where the listing says something else than the truth
    knows_range: bool = True
    bad_day: deque[Any] = field(default_factory=deque)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # (path, Range)
    agents: set[str] = field(default_factory=set)
    address: str = ""

    def listing(self) -> dict[str, Any]:
        entries = [
            {"id": number, "filename": name, "filesize": len(content), "md5": self.md5_of.get(name, md5(content))}
            for number, (name, content) in enumerate(self.files.items(), 100)
        ]
        entries += [
            {
                "id": number,
                "filename": f"{name}.tab",
                "filesize": len(as_tab(content)),
                "md5": "0" * 32,  # of neither form, as IQSS/dataverse#9501 found
                "originalFileFormat": "text/csv",
                "originalFileName": f"{name}.csv",
                "originalFileSize": len(content),
            }
            for number, (name, content) in enumerate(self.tables.items(), 200)
        ]
        files = [{"label": entry["filename"], "restricted": False, "dataFile": entry} for entry in entries]
        return {"status": "OK", "data": {"id": 1, "latestVersion": {"files": files}}}

    def next_bad(self, to_refuse_with: bool) -> Any:
        """Take the next bad answer; one that is about a file's bytes waits until they are asked for."""
        if not self.bad_day or (to_refuse_with and not isinstance(self.bad_day[0], tuple)):
            return None
        return self.bad_day.popleft()

    def content(self, number: int, as_uploaded: bool) -> bytes | None:
        if 0 <= number - 200 < len(self.tables):
            table = list(self.tables.values())[number - 200]
            return table if as_uploaded else as_tab(table)
        return list(self.files.values())[number - 100] if 0 <= number - 100 < len(self.files) else None


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def as_tab(table: bytes) -> bytes:
    return table.replace(b",", b"\t")


@contextmanager
def running(dataverse: Dataverse) -> Iterator[Dataverse]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: pytest's output is for failures."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            file = re.fullmatch(r"/(api/access/datafile|storage)/(\d+)", url.path)
            is_storage = file is not None and file[1] == "storage"
            if not is_storage:
                dataverse.asked.append((url.path, self.headers.get("Range")))
                dataverse.agents.add(self.headers["User-Agent"])
            bad = dataverse.next_bad(to_refuse_with=file is not None and not is_storage)
            if isinstance(bad, tuple):
                return self.answer(bad[0], json.dumps({"status": "ERROR", "message": "a bad day"}).encode(), bad[1])
            if url.path == "/api/datasets/:persistentId/" and query.get("persistentId") == [DOI]:
                return self.answer(200, json.dumps(dataverse.listing()).encode(), {})
            content = dataverse.content(int(file[2]), query.get("format") == ["original"]) if file else None
            if file is None or content is None:
                return self.answer(404, json.dumps({"status": "ERROR", "message": "not found"}).encode(), {})
            if not is_storage:  # Harvard's sends everybody on to where the bytes are
                return self.answer(303, b"", {"Location": f"/storage/{file[2]}?{url.query}"})
            return self.answer_file(content, bad)

        def answer_file(self, content: bytes, bad: str | None) -> None:
            status, headers, start = 200, {}, 0
            if dataverse.knows_range and (wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))):
                status, start = 206, int(wanted[1])
                headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
                if start >= len(content):
                    return self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            if bad == "wrong":
                content = bytes(len(content))
            body = content[start:]
            sent = int(bad.split()[1]) if bad and bad.startswith("cut") else len(body)
            self.answer(status, body, headers, sent)
            return None

        def answer(self, status: int, body: bytes, headers: dict[str, str], sent: int | None = None) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:sent])
            self.close_connection = sent is not None and sent < len(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    dataverse.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield dataverse
    finally:
        server.shutdown()
        server.server_close()
