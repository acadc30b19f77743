"""The crop frame: where it starts, and how finger, mouse, keyboard and buttons move it; the answer follows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page

from builder.photo.size import HEIGHT_PX, WIDTH_PX
from tests.conftest import Build
from tests.photo_cases import EXIF_ORIENTATIONS, turned
from tests.visiting import PHONE, answer, choose, frame, png, rows, settle, spot_photo, visit

PHOTO = spot_photo(800, 600, x=0.3, y=0.65)
LARGEST = {"x": 0, "y": 0, "width": 800, "height": 600}


@pytest.fixture(scope="module")
def desktop(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site) as page:
        yield page


@pytest.fixture(scope="module")
def phone(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site, **PHONE) as page:
        yield page


@pytest.fixture
def page(desktop: Page) -> Page:
    """The desktop page with the photo just opened."""
    answer(desktop, png(PHOTO))
    return desktop


def press(page: Page, does: str, times: int = 1) -> None:
    for _ in range(times):
        page.click(f"[data-does={does}]")
    settle(page)


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], right: float, down: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + right / 2, start[1] + down / 2)
    page.mouse.move(start[0] + right, start[1] + down)
    page.mouse.up()
    settle(page)


def is_framed(given: dict[str, float], width: int, height: int) -> bool:
    """Of the network's shape, inside the photo, and not of fewer pixels than the network takes."""
    slack = 1e-6
    return (
        abs(given["width"] * HEIGHT_PX - given["height"] * WIDTH_PX) < 1e-3
        and given["width"] >= WIDTH_PX - slack
        and min(given["x"], given["y"]) >= -slack
        and given["x"] + given["width"] <= width + slack
        and given["y"] + given["height"] <= height + slack
    )


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (1600, 300), (300, 1600), (101, 77)])
def test_the_frame_starts_as_the_largest_one_in_the_middle(desktop: Page, size: tuple[int, int]) -> None:
    width, height = size
    answer(desktop, png(spot_photo(width, height, radius=20)))
    given = frame(desktop)
    assert is_framed(given, width, height)
    assert given["width"] == pytest.approx(min(width, height * 4 / 3))
    assert given["x"] + given["width"] / 2 == pytest.approx(width / 2)
    assert given["y"] + given["height"] / 2 == pytest.approx(height / 2)


def test_the_answer_is_that_of_a_photo_of_what_is_in_the_frame(desktop: Page) -> None:
    photo = spot_photo(800, 601, x=0.3, y=0.65)  # in its middle, the smallest frame lies on whole pixels
    whole = answer(desktop, png(photo))
    press(desktop, "smaller", 15)
    press(desktop, "left", 14)
    press(desktop, "down", 12)
    assert frame(desktop) == pytest.approx({"x": 210, "y": 353, "width": 100, "height": 75})
    framed = rows(desktop)
    cut_out = answer(desktop, png(photo[353:428, 210:310]))
    assert framed == pytest.approx(cut_out, abs=1e-4)
    assert framed != pytest.approx(whole, abs=1e-4)


def test_a_mouse_moves_the_frame(page: Page) -> None:
    press(page, "smaller", 6)
    before = frame(page)
    drag(page, centre(page, "#frame"), 40, -25)
    after = frame(page)
    assert after["x"] > before["x"] and after["y"] < before["y"]
    assert after["width"] == pytest.approx(before["width"])
    assert is_framed(after, 800, 600)


@pytest.mark.parametrize(
    ("corner", "inwards"), [("nw", (60, 40)), ("ne", (-60, 40)), ("sw", (60, -40)), ("se", (-60, -40))]
)
def test_a_corner_sizes_the_frame_and_the_opposite_one_stays(page: Page, corner: str, inwards: tuple[int, int]) -> None:
    before = frame(page)
    drag(page, centre(page, f"[data-corner={corner}]"), *inwards)
    after = frame(page)
    assert after["width"] < before["width"] and is_framed(after, 800, 600)

    def fixed(one: dict[str, float]) -> tuple[float, float]:
        return (
            one["x"] + (one["width"] if "w" in corner else 0),
            one["y"] + (one["height"] if "n" in corner else 0),
        )

    assert fixed(after) == pytest.approx(fixed(before), abs=0.01)


def test_a_click_beside_the_frame_brings_it_there(page: Page) -> None:
    press(page, "smaller", 4)
    box = page.locator("#photo-view").bounding_box()
    assert box
    before = frame(page)
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    settle(page)
    after = frame(page)
    assert after["x"] < before["x"] and after["y"] < before["y"] and after["width"] == pytest.approx(before["width"])


def test_the_wheel_sizes_the_frame_only_once_the_visitor_has_turned_to_it(page: Page) -> None:
    page.evaluate("scrollTo(0, 300); document.activeElement.blur()")
    page.mouse.move(*centre(page, "#photo-view"))
    page.mouse.wheel(0, -120)
    page.wait_for_function("() => scrollY < 300")
    assert frame(page) == LARGEST
    page.focus("#frame")
    page.mouse.move(*centre(page, "#photo-view"))
    page.mouse.wheel(0, -240)
    page.wait_for_function("() => document.querySelector('#frame').dataset.width < 700")
    settle(page)
    assert is_framed(frame(page), 800, 600)


def test_the_keyboard_moves_and_sizes_the_frame(page: Page) -> None:
    page.focus("#frame")
    for _ in range(5):
        page.keyboard.press("+")
    small = frame(page)
    assert small["width"] < LARGEST["width"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    moved = frame(page)
    assert moved["x"] < small["x"] and moved["y"] > small["y"]
    page.keyboard.press("Shift+ArrowRight")
    assert moved["x"] < frame(page)["x"] < small["x"]
    page.keyboard.press("-")
    assert frame(page)["width"] > small["width"]
    page.keyboard.press("0")
    settle(page)
    assert frame(page) == LARGEST
    assert page.evaluate("document.activeElement.id") == "frame"


def test_whatever_a_drag_does_a_button_does_too(page: Page) -> None:
    press(page, "smaller", 5)
    start = frame(page)
    changes: dict[str, Callable[[dict[str, float]], bool]] = {
        "left": lambda now: now["x"] < start["x"],
        "right": lambda now: now["x"] == pytest.approx(start["x"]),
        "up": lambda now: now["y"] < start["y"],
        "down": lambda now: now["y"] == pytest.approx(start["y"]),
        "larger": lambda now: now["width"] > start["width"],
        "whole": lambda now: now == LARGEST,
    }
    for does, has_changed in changes.items():
        press(page, does)
        assert has_changed(frame(page)), does
    assert page.get_attribute("[data-does=larger]", "aria-disabled") == "true"


def test_the_frame_stays_in_the_photo_and_holds_enough_pixels(page: Page) -> None:
    page.focus("#frame")
    for _ in range(25):
        page.keyboard.press("+")
    settle(page)
    assert frame(page)["width"] == pytest.approx(WIDTH_PX)
    assert page.get_attribute("[data-does=smaller]", "aria-disabled") == "true"
    for does in ("left", "up", "right", "down"):
        page.focus("#frame")
        for _ in range(90):
            page.keyboard.press(f"Arrow{does.capitalize()}")
        settle(page)
        assert is_framed(frame(page), 800, 600), does
        assert page.get_attribute(f"#framing-tools [data-does={does}]", "aria-disabled") == "true"


def test_a_finger_moves_the_frame_and_two_size_it(phone: Page) -> None:
    answer(phone, png(PHOTO))
    press(phone, "smaller", 6)
    before = frame(phone)
    x, y = centre(phone, "#frame")
    touch(phone, [[(x, y)], [(x + 15, y + 8)], [(x + 30, y + 16)]])
    moved = frame(phone)
    assert moved["x"] > before["x"] and moved["y"] > before["y"]
    x, y = centre(phone, "#frame")
    touch(phone, [[(x - 20, y), (x + 20, y)], [(x - 30, y), (x + 30, y)], [(x - 40, y), (x + 40, y)]])
    settle(phone)
    pinched = frame(phone)
    assert pinched["width"] < moved["width"] and is_framed(pinched, 800, 600)


def touch(page: Page, steps: list[list[tuple[float, float]]]) -> None:
    """Put fingers down at the first step's places, and move them through the others."""
    session = page.context.new_cdp_session(page)
    for number, places in enumerate(steps):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        kind = "touchStart" if number == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)


def test_a_finger_on_a_frame_that_cannot_move_scrolls_the_page(phone: Page) -> None:
    answer(phone, png(PHOTO))
    assert phone.eval_on_selector("#photo-view", "view => getComputedStyle(view).touchAction") == "pan-y"
    press(phone, "smaller", 3)
    assert phone.eval_on_selector("#photo-view", "view => getComputedStyle(view).touchAction") == "none"


@pytest.mark.parametrize("place", [(0.2, 0.3), (0.8, 0.75), (0.5, 0.15)])
def test_framing_the_spot_finds_it_wherever_it_is(desktop: Page, place: tuple[float, float]) -> None:
    answer(desktop, png(spot_photo(1200, 900, x=place[0], y=place[1], radius=60)))
    press(desktop, "spot")
    desktop.wait_for_function("() => document.querySelector('#frame').dataset.width < 500")
    given = frame(desktop)
    assert is_framed(given, 1200, 900)
    assert given["x"] < place[0] * 1200 - 50 and given["x"] + given["width"] > place[0] * 1200 + 50
    assert given["y"] < place[1] * 900 - 40 and given["y"] + given["height"] > place[1] * 900 + 40


def test_framing_the_spot_in_plain_skin_keeps_the_largest_frame_and_says_so(desktop: Page) -> None:
    answer(desktop, png(spot_photo(800, 600, radius=0)))
    press(desktop, "spot")
    desktop.wait_for_selector("#frame-note:visible")
    assert "No single spot" in desktop.inner_text("#frame-note")
    assert "No single spot" in desktop.inner_text("#announcer")
    assert frame(desktop) == LARGEST


@pytest.mark.parametrize(("does", "quarters"), [("turn-right", 1), ("turn-left", 3)])
def test_a_turned_photo_gets_the_answer_of_a_photo_that_was_turned_before(page: Page, does: str, quarters: int) -> None:
    press(page, does)
    given = rows(page)
    assert given == pytest.approx(answer(page, png(rotated(PHOTO, quarters))), abs=1e-4)


def rotated(pixels: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(pixels, -quarters))


def test_the_screen_shows_the_turned_photo(page: Page) -> None:
    """The spot of the upright photo is at (0.3, 0.65): after a turn to the right it is at (0.35, 0.3)."""
    press(page, "turn-right")
    ratio = page.eval_on_selector("#seen-image", "canvas => canvas.width / canvas.height")
    assert ratio == pytest.approx(600 / 800, abs=0.01)
    spot, skin = page.eval_on_selector(
        "#seen-image",
        """canvas => [[0.35, 0.3], [0.65, 0.7]].map(([x, y]) => canvas.getContext("2d")
          .getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data[0])""",
    )
    assert spot < 130 < skin


def test_four_quarter_turns_lead_back(page: Page) -> None:
    first = rows(page)
    press(page, "smaller", 3)
    small, framed = frame(page), rows(page)
    press(page, "turn-right", 4)
    assert frame(page) == pytest.approx(small)
    assert rows(page) == pytest.approx(framed)
    press(page, "whole")
    assert rows(page) == pytest.approx(first)


@pytest.mark.parametrize("orientation", EXIF_ORIENTATIONS)
def test_every_exif_orientation_is_shown_and_answered_upright(desktop: Page, orientation: int) -> None:
    photo = turned(orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(photo)))
    given = answer(desktop, photo)
    ratio = desktop.eval_on_selector("#seen-image", "canvas => canvas.width / canvas.height")
    assert ratio == pytest.approx(upright.width / upright.height, abs=0.01)
    file = io.BytesIO()
    upright.save(file, "PNG")
    assert given == pytest.approx(answer(desktop, file.getvalue()), abs=0.01)


def test_of_many_moves_only_the_last_is_answered(page: Page) -> None:
    states = page.evaluate(
        """async () => {
          const main = document.querySelector("main"), states = [];
          const watcher = new MutationObserver(() => states.push(main.dataset.state));
          watcher.observe(main, { attributeFilter: ["data-state"] });
          for (let i = 0; i < 10; i++) document.querySelector("[data-does=smaller]").click();
          while (main.dataset.state !== "result") await new Promise((done) => setTimeout(done, 20));
          watcher.disconnect();
          return states;
        }"""
    )
    assert states.count("result") == 1
    given, place = rows(page), frame(page)
    with page.expect_download() as download:
        page.click("#actions [data-save=json]")
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert saved["photos"][0]["framing"] == {"quarter_turns": 0, **place}
    press(page, "whole")
    choose(page, png(PHOTO))
    settle(page)
    press(page, "smaller", 10)
    assert rows(page) == pytest.approx(given)
