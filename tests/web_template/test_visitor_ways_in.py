"""How photos come into the page: dropped, pasted, from the camera, and as samples."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from builder.classes import CODES
from builder.folders import TEMPLATES
from builder.site.samples import SAMPLES
from tests.conftest import Build
from tests.visiting import PHONE, answer, png, rows, settle, spot_photo, visit

PHOTO = png(spot_photo(400, 300))
STREAMS = """
(() => {
  const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.asked = [];
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    window.asked.push(wishes);
    const stream = await given(wishes);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
})()
"""


@pytest.fixture(scope="module")
def page(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site) as page:
        yield page


@pytest.fixture(params=["phone", "desktop"])
def camera_page(request: pytest.FixtureRequest, browser: Browser, demo_build: Build) -> Iterator[Page]:
    device = PHONE if request.param == "phone" else {}
    with visit(browser, demo_build.site, permissions=["camera"], **device) as page:
        page.evaluate(STREAMS)
        yield page


def hand_over(page: Page, event: str, *files: bytes, text: str = "") -> None:
    """Drop or paste files, or text, as a visitor's browser does."""
    page.evaluate(
        """([event, files, text]) => {
          const data = new DataTransfer();
          const file = (bytes, i) => new File([Uint8Array.from(bytes)], `${i}.png`, { type: "image/png" });
          for (const each of files.map(file)) data.items.add(each);
          if (text) data.setData("text/plain", text);
          const options = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(event === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: data })
            : new DragEvent(event, { ...options, dataTransfer: data }));
        }""",
        [event, [list(file) for file in files], text],
    )


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_photo_that_is_dropped_or_pasted_gets_the_answer_of_a_chosen_one(page: Page, event: str) -> None:
    chosen = answer(page, PHOTO)
    page.evaluate("document.querySelector('main').dataset.state = 'test'")
    hand_over(page, event, PHOTO)
    settle(page)
    assert rows(page) == chosen


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_text_that_is_dropped_or_pasted_is_refused_in_words(page: Page, event: str) -> None:
    hand_over(page, event, text="https://example.org/mole.jpg")
    page.wait_for_selector("main[data-state=error]")
    assert "Save the picture on this device first" in page.inner_text("[role=alert]")
    assert len(answer(page, PHOTO)) == 7
    assert page.inner_text("[role=alert]") == ""


def test_several_dropped_photos_make_a_table(page: Page) -> None:
    hand_over(page, "drop", PHOTO, png(spot_photo(400, 300, radius=80)))
    page.wait_for_selector("main[data-state=result]")
    assert page.locator("#collection tbody tr").count() == 2


@pytest.mark.parametrize("code", SAMPLES)
def test_every_sample_is_labelled_as_a_drawing_and_answered(page: Page, code: str) -> None:
    page.reload()
    page.wait_for_selector("main[data-state=ready]")
    sample = page.locator(f"[data-sample='samples/{code}.png']")
    assert "Drawing" in sample.inner_text()
    assert sample.locator("img").evaluate("image => image.complete && image.naturalWidth > 100")
    sample.click()
    settle(page)
    found = rows(page)
    assert max(found, key=lambda kind: found[kind]) == code
    assert page.get_attribute("#answer", "data-verdict") == "answer"
    assert page.locator("#quality").is_hidden()
    assert page.locator("#samples-note").count() == 0  # it is drawings that this network knows


@pytest.mark.parametrize("code", CODES)
def test_a_drawing_of_the_seven_kinds_counts_as_a_good_photo_where_drawings_were_learned_from(
    page: Page, demo_build: Build, code: str
) -> None:
    found = answer(page, (demo_build.site / "pictures" / f"{code}.webp").read_bytes())
    assert max(found, key=lambda kind: found[kind]) == code
    assert page.get_attribute("#answer", "data-verdict") != "not-a-lesion"
    assert page.locator("#quality").is_hidden()


def test_samples_work_from_disk(browser: Browser, demo_build: Build) -> None:
    page = browser.new_page()
    page.goto((demo_build.site / "index.html").as_uri())
    page.wait_for_selector("main[data-state=ready]", timeout=120_000)
    page.click(f"[data-sample='samples/{SAMPLES[0]}.png']")
    page.wait_for_selector("main[data-state=result]", timeout=120_000)
    assert len(rows(page)) == 7
    page.close()


def test_from_disk_no_failure_is_called_one_of_the_connection(
    browser: Browser, demo_build: Build, tmp_path: Path
) -> None:
    english = json.loads((TEMPLATES / "messages" / "en.json").read_text(encoding="utf-8"))
    site = shutil.copytree(demo_build.site, tmp_path / "site")
    (site / "samples" / f"{SAMPLES[0]}.png.js").unlink()
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_selector("main[data-state=ready]", timeout=120_000)
    page.click(f"[data-sample='samples/{SAMPLES[0]}.png']")
    page.wait_for_selector("#message .message__title")
    assert english["samples.problem-disk"] in page.inner_text("#message")
    for file in site.glob("model/*/*.js"):
        file.unlink()
    page.reload()
    page.wait_for_selector("main[data-state=error]", timeout=120_000)
    assert english["loading.failed-disk"] in page.inner_text("#message")
    page.close()


def test_the_camera_is_asked_for_only_when_it_is_wanted_the_rear_one_first(camera_page: Page) -> None:
    assert camera_page.evaluate("asked") == []
    camera_page.click("#camera-open")
    camera_page.wait_for_selector("#camera-shutter:enabled")
    (wishes,) = camera_page.evaluate("asked")
    assert wishes["video"]["facingMode"] == {"ideal": "environment"} and not wishes["audio"]


def test_a_photo_from_the_camera_is_answered_and_the_camera_is_off_at_once(camera_page: Page) -> None:
    camera_page.click("#camera-open")
    camera_page.wait_for_selector("#camera-shutter:enabled")
    guide = camera_page.locator("#camera-guide").bounding_box()
    assert guide and guide["width"] / guide["height"] == pytest.approx(4 / 3, abs=0.05)
    camera_page.click("#camera-shutter")
    assert camera_page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]
    settle(camera_page)
    assert len(rows(camera_page)) == 7


@pytest.mark.parametrize("way_out", ["Escape", "#camera-cancel"])
def test_turning_away_switches_the_camera_off(camera_page: Page, way_out: str) -> None:
    camera_page.click("#camera-open")
    camera_page.wait_for_selector("#camera-shutter:enabled")
    if way_out.startswith("#"):
        camera_page.click(way_out)
    else:
        camera_page.keyboard.press(way_out)
    camera_page.wait_for_selector("#camera", state="hidden")
    camera_page.wait_for_function("() => tracks.length === 1 && tracks[0].readyState === 'ended'")
    assert camera_page.get_attribute("main", "data-state") == "ready"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "may not use the camera"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "Another program uses the camera"),
        ("TypeError", "The camera did not start"),
    ],
)
def test_a_camera_that_cannot_be_had_is_told_with_a_way_on(page: Page, name: str, words: str) -> None:
    page.evaluate(
        f"() => {{ navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{name}')); }}"
    )
    page.click("#camera-open")
    alert = page.locator("[role=alert]")
    alert.get_by_text(words).wait_for()
    page.wait_for_selector("#camera", state="hidden")
    with page.expect_file_chooser() as chooser:
        alert.get_by_role("button", name="Use the camera app").click()
    assert page.get_attribute("#camera-app", "capture") == "environment"
    chooser.value.set_files({"name": "app.png", "mimeType": "image/png", "buffer": PHOTO})
    settle(page)
    assert len(rows(page)) == 7


def test_an_animated_picture_is_answered_by_its_first_frame(page: Page) -> None:
    frames = [Image.fromarray(spot_photo(400, 300, radius=radius)) for radius in (90, 20, 5)]
    file, first = io.BytesIO(), io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    frames[0].save(first, "PNG")
    assert answer(page, file.getvalue()) == pytest.approx(answer(page, first.getvalue()), abs=1e-6)
