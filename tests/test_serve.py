"""The preview: as GitHub Pages serves it."""

from __future__ import annotations

import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.serve import make_server


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
        threading.Thread(target=server.serve_forever, daemon=True).start()
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
        threading.Thread(target=server.serve_forever, daemon=True).start()
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
