"""The built site in a real browser, over http under a sub-path and opened from disk: a photo gets its answer."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from builder.classes import CLASSES, CODES
from builder.folders import TEMPLATES
from builder.site.messages import load_messages
from tests.conftest import Build, run_command
from tests.photo_cases import png_header
from tests.visiting import (
    answer,
    choose,
    png,
    rows,
)

ENGLISH = load_messages(TEMPLATES / "messages")["en"]
WARNINGS = (
    "For educational purposes only",
    "Not for diagnosis or treatment decisions",
    "Consult a dermatologist about any concern",
    "Never delay care because of a result",
    "Accuracy is not guaranteed and varies with image quality",
)


def test_a_photo_gets_the_same_answer_as_from_the_terminal(
    address: str, open_page: Callable[..., Page], photos: list[Path], demo_build: Build
) -> None:
    told = run_command("--site", demo_build.site, "predict", "--json", *photos)
    expected = [row["probabilities"] for row in json.loads(told.stdout)["photos"]]
    page = open_page(f"{address}index.html")
    for photo, probabilities in zip(photos, expected, strict=True):
        given = answer(page, photo.read_bytes())
        assert given == pytest.approx(probabilities, abs=0.001)


def test_the_answer_shows_all_classes_sorted_with_group_and_the_five_warnings(
    address: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{address}index.html")
    given = answer(page, photos[0].read_bytes())
    assert sorted(given) == sorted(CODES)
    assert list(given.values()) == sorted(given.values(), reverse=True)
    assert sum(given.values()) == pytest.approx(1, abs=1e-5)
    shown = page.inner_text("main")
    best = next(iter(given))
    for kind in CLASSES:
        row = page.inner_text(f"[data-code={kind.code}]")
        name, group, plain = (ENGLISH[f"kind.{kind.code}.{text}"] for text in ("name", "group", "plain"))
        assert name in row and group in row and "%" in row
        if kind.code == best:
            assert name.lower() in page.inner_text("#answer").lower() and plain in shown
    for warning in WARNINGS:
        assert page.get_by_text(warning).is_visible()
    assert "Built from drawn images. Its answers mean nothing for real skin." in page.inner_text("body")
    treated = sum(given[kind.code] for kind in CLASSES if kind.is_malignant)
    assert f"{treated:.0%}".rstrip("%") in page.inner_text("#answer-together") or treated < 0.1 or treated > 0.99
    assert page.eval_on_selector("#seen-image", "canvas => canvas.width / canvas.height") == pytest.approx(
        4 / 3, abs=0.01
    )


def test_the_page_claims_only_what_the_report_says(
    address: str, open_page: Callable[..., Page], demo_build: Build
) -> None:
    page = open_page(f"{address}index.html", loaded=False)
    test = demo_build.report["networks"][demo_build.first_network]["test"]
    claim = page.inner_text(".track-record")
    assert f"On {test['photos']} drawn test images" in claim
    assert f"{round(100 * test['accuracy']['value'])} of 100" in claim
    assert page.get_attribute(".track-record a", "href") == "report.html"


def test_the_second_of_two_photos_wins(address: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{address}index.html")
    expected = answer(page, photos[1].read_bytes())
    # Both within one task of the page, so that the first is surely still being worked on.
    states = page.evaluate(
        """async ([first, second]) => {
          const file = ({ name, content }) =>
            new File([Uint8Array.from(content)], name, { type: "image/png" });
          const input = document.querySelector("#photo"), main = document.querySelector("main");
          const states = [];
          const watcher = new MutationObserver(() => states.push(main.dataset.state));
          watcher.observe(main, { attributeFilter: ["data-state"] });
          for (const each of [first, second]) {
            const chosen = new DataTransfer();
            chosen.items.add(file(each));
            input.files = chosen.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
          }
          while (main.dataset.state !== "result") await new Promise((done) => setTimeout(done, 20));
          await new Promise((done) => setTimeout(done, 500));
          return states;
        }""",
        [{"name": photo.name, "content": list(photo.read_bytes())} for photo in (photos[0], photos[1])],
    )
    assert states.count("result") == 1
    assert rows(page) == expected


def test_the_same_photo_twice_is_answered_twice(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    first = answer(page, photos[0].read_bytes())
    page.evaluate("document.querySelector('main').dataset.state = 'test'")
    assert answer(page, photos[0].read_bytes()) == first


def test_a_dropped_photo_is_answered(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    page.evaluate(
        """(content) => {
          const dropped = new DataTransfer();
          dropped.items.add(new File([Uint8Array.from(content)], "dropped.png", { type: "image/png" }));
          for (const type of ["dragenter", "dragover", "drop"]) {
            const event = new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
          }
        }""",
        list(photos[0].read_bytes()),
    )
    page.wait_for_selector("main[data-state=result]")
    assert len(rows(page)) == 7


def test_what_cannot_be_used_is_told_and_the_page_goes_on(
    address: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{address}index.html")
    good = photos[0].read_bytes()
    bad = {
        "text.png": b"this is no photo",
        "empty.png": b"",
        "broken.png": good[: len(good) // 2],
        "small.png": png(np.full((75, 90, 3), 150, dtype=np.uint8)),
        "huge.png": png_header(10_000, 10_000),  # 100 megapixels
    }
    messages = set()
    for name, content in bad.items():
        choose(page, content, names=(name,))
        page.wait_for_selector("main[data-state=error]")
        message = page.inner_text("[role=alert]")
        assert len(message) > 20 and "undefined" not in message
        messages.add(message)
        assert page.locator("[data-code]").count() == 0
        assert len(answer(page, photos[0].read_bytes())) == 7
        assert page.inner_text("[role=alert]") == ""
    assert len(messages) >= 4


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_gives_keras_probabilities(
    http: str, open_page: Callable[..., Page], demo_build: Build, backend: str
) -> None:
    page = open_page(f"{http}index.html?backend={backend}")
    assert page.get_attribute("main", "data-state") == "ready"
    assert page.get_attribute("main", "data-backend") == backend
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    for vector in card["self_test"]["vectors"][: 3 if backend == "wasm" else 1]:  # the others take seconds a photo
        pixels = np.frombuffer(base64.b64decode(vector["pixels"]), np.uint8).reshape(75, 100, 3)
        given = answer(page, png(pixels))
        assert [given[code] for code in CODES] == pytest.approx(vector["probabilities"], abs=0.001)


def test_a_backend_that_computes_wrongly_is_not_trusted(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    original = (demo_build.site / "model" / demo_build.first_network / "card.json").read_bytes()
    card = json.loads(original)
    for vector in card["self_test"]["vectors"]:
        vector["probabilities"] = vector["probabilities"][::-1]
    # The page knows this card by its hash: it is the network that seems to compute wrongly.
    content = json.dumps(card).encode()
    known, wanted = (hashlib.sha256(each).hexdigest() for each in (original, content))
    start = (demo_build.site / "index.html").read_text(encoding="utf-8").replace(known, wanted)
    page.route("**/card.json", lambda route: route.fulfill(body=content, content_type="application/json"))
    page.route("**/index.html*", lambda route: route.fulfill(body=start, content_type="text/html"))
    page.goto(f"{http}index.html?backend=wasm")
    page.wait_for_selector("main[data-state=error]")
    assert "does not compute" in page.inner_text("[role=alert]")


def test_no_tensor_is_left_behind(http: str, open_page: Callable[..., Page], photos: list[Path]) -> None:
    page = open_page(f"{http}index.html")
    answer(page, photos[0].read_bytes())
    [worker] = page.workers
    before = worker.evaluate("tf.memory()")
    for photo in (photos[1], photos[2], photos[0]):
        answer(page, photo.read_bytes())
    after = worker.evaluate("tf.memory()")
    assert (after["numTensors"], after["numBytes"]) == (before["numTensors"], before["numBytes"])
