"""The preview: as GitHub Pages serves it."""

from __future__ import annotations

import os
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.site import serve
from builder.site.serve import MOST_CONNECTIONS, make_server


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "index.html").write_text("the page")
    (tmp_path / "404.html").write_text("not here")
    (tmp_path / "model" / "a.wasm").write_bytes(b"\0asm")
    return tmp_path


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    with make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def get(address: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_the_site_lies_under_a_sub_path_and_the_root_leads_there(address: str) -> None:
    assert get(f"{address}/lesionlens/") == (200, "text/html", "the page")
    for start in ("", "/", "/lesionlens"):
        assert get(address + start)[2] == "the page"


def test_wasm_has_the_type_that_browsers_ask_for(address: str) -> None:
    assert get(f"{address}/lesionlens/model/a.wasm")[:2] == (200, "application/wasm")


@pytest.mark.parametrize("path", ["/lesionlens/none", "/lesionlens/deep/er/none", "/index.html", "/lesionlens/model/"])
def test_anything_else_is_the_404_page(address: str, path: str) -> None:
    status, kind, text = get(address + path)
    assert (status, text) == (404, "not here") and kind.startswith("text/html")


def test_a_browser_that_hangs_up_is_no_error(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "large.bin").write_bytes(bytes(20_000_000))
    with make_server(site, 0) as server:
        server.daemon_threads = False  # closing waits for the answer that was begun
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with socket.create_connection(("127.0.0.1", server.server_port)) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # hang up at once
            line.sendall(b"GET /lesionlens/large.bin HTTP/1.0\r\n\r\n")
            assert line.recv(1000)
        server.shutdown()
    assert capsys.readouterr().err == ""


def test_a_port_in_use_is_a_problem_to_mend(site: Path) -> None:
    with make_server(site, 0) as server, pytest.raises(BuildError, match="cannot be used") as caught:
        make_server(site, server.server_port)
    assert "--port" in caught.value.remedy


def test_a_folder_without_a_site_is_a_problem_to_mend(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no built site"):
        make_server(tmp_path, 0)


def ask(address: str, request: bytes, *, wait_s: float = 10) -> bytes:
    """The whole answer to a request as it stands."""
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as line:
        line.sendall(request.replace(b"PORT", str(port).encode()))
        answer = b""
        while piece := line.recv(1 << 16):
            answer += piece
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def surroundings(site: Path) -> Path:
    """What lies in and around a site and is none of it."""
    beside = site.parent / f"{site.name} beside"
    beside.mkdir()
    (beside / "secret.txt").write_text("secret")
    (beside / "index.html").write_text("secret")
    (site / ".env").write_text("secret")
    (site / ".git").mkdir()
    (site / ".git" / "config").write_text("secret")
    (site / "shown.txt").symlink_to(site / ".env")
    (site / "link.txt").symlink_to(beside / "secret.txt")
    (site / "linked").symlink_to(beside, target_is_directory=True)
    (site / "circle").symlink_to(site / "circle")
    (site / "inside.html").symlink_to(site / "index.html")
    os.mkfifo(site / "pipe.txt")
    return site


@pytest.mark.parametrize(
    "path",
    [
        "%00", "a%00b.html", "index.html%00", ".env", "%2eenv", ".git/config", "%2e%67it/config", "model/../.env",
        "shown.txt", "link.txt", "linked/", "linked/secret.txt", "linked/index.html", "circle", "circle/x", "pipe.txt",
        "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2e%2e%2f%2e%2e%2fetc/passwd", "..\\secret.txt",
        "..%5csecret.txt", "%252e%252e/secret.txt", "%c0%ae%c0%ae/secret.txt", "%ed%a0%80", "%ff%fe", "%", "%zz", "%2",
        "x" * 5000, "/etc/passwd", "//etc/passwd", "C:/x", "%e2%80%a8",
    ],
)  # fmt: skip
def test_what_is_none_of_the_site_is_the_404_page(address: str, surroundings: Path, path: str) -> None:
    answer = ask(address, f"GET /lesionlens/{path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n".encode())
    assert status(answer) == 404 and b"secret" not in answer and b"root:" not in answer
    assert get(f"{address}/lesionlens/inside.html")[2] == "the page"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:PORT", 200), ("localhost:PORT", 200), ("LOCALHOST:PORT", 200), ("[::1]:PORT", 200),
        ("evil.example", 421), ("evil.example:PORT", 421), ("127.0.0.1", 421), ("127.0.0.1:1", 421), ("", 421),
        ("localhost.evil.example:PORT", 421), ("127.0.0.1:PORT@evil.example", 421), ("0.0.0.0:PORT", 421),
        ("localhost:PORT\r\nHost: evil.example", 421),
    ],
)  # fmt: skip
def test_only_a_host_of_this_machine_is_answered(address: str, host: str, expected: int) -> None:
    for method in ("GET", "HEAD"):
        answer = ask(address, f"{method} /lesionlens/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert status(answer) == expected and (expected == 200 or b"the page" not in answer)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET http://evil.example/lesionlens/ HTTP/1.1", 404), ("POST /lesionlens/ HTTP/1.1", 501),
        ("PUT /lesionlens/x HTTP/1.1", 501), ("DELETE /lesionlens/index.html HTTP/1.1", 501), ("BREW / HTTP/1.1", 501),
        (f"GET /{'x' * 70_000} HTTP/1.1", 414), ("GET  /lesionlens/ / HTTP/1.1", 400),
        ("GET /lesionlens/ HTTP/1.1\r\nX: " + "x" * 70_000, 431), ("GET /lesionlens/ HTTP/1.1" + "\r\nX: y" * 200, 431),
        ("GET /lesionlens/ HTTP/1.1\r\nRange: bytes=99-", 200), ("GET /lesionlens/ HTTP/1.1\r\nRange: bytes=x", 200),
    ],
    ids=range(11),
)  # fmt: skip
def test_odd_requests_get_an_answer(address: str, request_line: str, expected: int) -> None:
    answer = ask(address, f"{request_line}\r\nHost: 127.0.0.1:PORT\r\n\r\n".encode())
    assert status(answer) == expected
    assert get(f"{address}/lesionlens/")[2] == "the page"


def test_two_hundred_silent_connections_keep_nobody_out(address: str) -> None:
    port = int(address.rpartition(":")[2])
    before = threading.active_count()
    with ExitStack() as lines:
        for number in range(200):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", port)))
            if number % 2:
                line.sendall(b"GET /lesionlens/ HTTP/1.1\r\nX: ")  # and no more of it
        assert threading.active_count() - before < MOST_CONNECTIONS + 10
        assert get(f"{address}/lesionlens/")[2] == "the page"


def test_a_connection_that_asks_too_slowly_is_closed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "REQUEST_S", 0.5)
    with make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        line = socket.create_connection(("127.0.0.1", server.server_port), timeout=0.2)
        with line, pytest.raises(ConnectionError):  # each letter comes in time, and the whole never does
            while True:
                line.sendall(b"x")
                with suppress(TimeoutError):
                    if not line.recv(100):
                        raise ConnectionError
        server.shutdown()


@pytest.mark.parametrize("port", [-1, 65_536, 80_000, 10**30])
def test_a_port_that_cannot_be_is_a_problem_to_mend(site: Path, port: int) -> None:
    with pytest.raises(BuildError, match="no port"):
        make_server(site, port)
