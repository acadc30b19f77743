"""Several photos at once: the table, sorting, opening, stopping, exports, and two of them side by side."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builder.classes import CLASSES, CODES
from builder.data.demo.draw import draw_demo_photos
from builder.photo.quality import Measures
from builder.predict.decision import decide
from builder.site.predict import FORMAT
from tests.conftest import Build
from tests.visiting import PHONE, answer, choose, png, rows, saved, settle, visit

NAMES = ("first.png", "=danger().png", "text.png", 'a "quoted", name.png', "zebra.png")


@pytest.fixture(scope="module")
def photos() -> list[bytes]:
    return [png(photo.pixels) for photo in draw_demo_photos(60, 88, width_px=120, height_px=90)]


@pytest.fixture(scope="module")
def desktop(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site) as page:
        yield page


@pytest.fixture
def page(desktop: Page, photos: list[bytes]) -> Page:
    """Four photos and a file that is none, all looked at."""
    choose(desktop, photos[0], photos[1], b"no photo", photos[2], photos[3], names=NAMES)
    desktop.wait_for_selector("main[data-state=result]")
    return desktop


def names(page: Page) -> list[str]:
    return page.locator("#collection .photo-row__name").all_inner_texts()


def column(page: Page, name: str) -> list[str]:
    return page.locator(f"#collection [data-column={name}]:visible").all_inner_texts()


def as_share(text: str) -> float:
    if text == "–":  # no photo of a lesion
        return -1
    found = re.search(r"[\d.]+", text)
    assert found, text
    return float(found[0]) + (0.01 if "over" in text else -0.01 if "under" in text else 0)


def test_each_photo_has_its_row_with_a_picture_and_its_answer(page: Page) -> None:
    assert names(page) == list(NAMES)
    assert page.locator("#collection tbody img:visible").count() == 4
    assert "not a photo" in page.locator("#collection tr", has_text="text.png").inner_text()
    assert "5 photos looked at" in page.inner_text("#collection-title")
    assert "5 photos looked at" in page.inner_text("#announcer")
    assert page.locator("#collection-cancel").is_hidden()


def test_a_row_opens_the_answer_of_its_photo(page: Page, photos: list[bytes]) -> None:
    page.get_by_role("button", name="zebra.png").click()
    settle(page)
    page.wait_for_selector("#answer:visible")
    given = rows(page)
    current = page.get_by_role("button", name="zebra.png").get_attribute("aria-current")
    assert current == "true"
    assert answer(page, photos[3]) == pytest.approx(given, abs=1e-6)


def test_the_table_sorts_both_ways_and_says_how(page: Page) -> None:
    for key, read in (("together", as_share), ("probability", as_share)):
        button = page.locator(f"#collection [data-sort={key}]")
        for order in ("descending", "ascending"):
            button.click()
            heading = button.locator("xpath=ancestor::th")
            assert heading.get_attribute("aria-sort") == order
            values = [read(text) for text in column(page, key)]
            assert len(values) == 4 and values == sorted(values, reverse=order == "descending")
            assert names(page)[-1] == "text.png"  # what has no answer comes last
    page.click("#collection [data-sort=name]")
    assert names(page)[:-1] == sorted(set(NAMES) - {"text.png"}, key=str.lower)


def test_the_csv_holds_every_answer_with_model_version_and_thresholds(page: Page, demo_build: Build) -> None:
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    table = list(csv.DictReader(io.StringIO(saved(page, "#collection [data-save=csv]"))))
    assert [row["file"] for row in table] == ["first.png", "'=danger().png", 'a "quoted", name.png', "zebra.png"]
    for row in table:
        probabilities = {code: float(row[code]) for code in CODES}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert row["looks_most_like"] == max(probabilities, key=lambda code: probabilities[code])
        together = sum(probabilities[kind.code] for kind in CLASSES if kind.is_malignant)
        assert float(row["malignant_together"]) == pytest.approx(together, abs=1e-6)
        assert (row["model"], row["version"]) == (demo_build.first_network, card["version"])
        assert float(row["operating_point"]) == card["judgement"]["operating_point"]["threshold"]
        assert row["verdict"] in {"answer", "not-sure", "not-a-lesion"}
        assert (row["frame_width"], row["frame_height"]) == ("120", "90")


def test_the_json_says_the_same_and_carries_the_five_warnings(page: Page, demo_build: Build) -> None:
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = json.loads(saved(page, "#collection [data-save=json]"))
    table = list(csv.DictReader(io.StringIO(saved(page, "#collection [data-save=csv]"))))
    assert len(told["warnings"]) == 5 and told["warnings"][0] == "For educational purposes only."
    (network,) = told["networks"]
    assert network["version"] == card["version"]
    assert network["thresholds"]["operating_point"] == card["judgement"]["operating_point"]
    assert [photo["file"] for photo in told["photos"]][1] == "=danger().png"
    for photo, row in zip(told["photos"], table, strict=True):
        assert photo["probabilities"] == {code: float(row[code]) for code in CODES}
        assert photo["looks_most_like"] == row["looks_most_like"]


def test_the_json_is_spelled_as_the_terminals_is(page: Page, demo_build: Build) -> None:
    card = json.loads((demo_build.site / "model" / demo_build.first_network / "card.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = json.loads(saved(page, "#collection [data-save=json]"))
    assert told["format"] == FORMAT
    some = Measures(sharpness=1, brightness=128, white_share=0, across_px=400)
    for photo in told["photos"]:
        expected = decide(list(photo["probabilities"].values()), photo["scope"], some, card["judgement"])
        assert photo["judgement"]["malignant"] == pytest.approx(expected["malignant"])
        rest = ("malignant", "quality")
        assert {k: v for k, v in photo["judgement"].items() if k not in rest} == {
            k: v for k, v in expected.items() if k not in rest
        }


def test_one_answer_can_be_saved_too(page: Page, photos: list[bytes]) -> None:
    given = answer(page, photos[5])
    (row,) = csv.DictReader(io.StringIO(saved(page, "#actions [data-save=csv]")))
    assert {code: float(row[code]) for code in given} == given


def test_two_photos_stand_side_by_side(page: Page) -> None:
    button = page.locator("#collection [data-does=pair]")
    ticks = page.locator("#collection tbody input")
    ticks.nth(0).check()
    assert button.get_attribute("aria-disabled") == "true"
    ticks.nth(3).check()
    assert button.get_attribute("aria-disabled") == "false"
    button.click()
    pair = page.locator("#pair")
    assert pair.locator("img").count() == 2
    assert all(pair.locator("img").evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    assert pair.locator("tbody tr").count() == len(CODES) + 2
    assert "does not compare the two" in pair.inner_text()
    assert page.evaluate("document.activeElement.id") == "pair-title"
    page.click("#pair-close")
    assert pair.is_hidden() and button.evaluate("button => button === document.activeElement")


def test_fifty_photos_are_looked_at_while_the_page_stays_free(desktop: Page, photos: list[bytes]) -> None:
    ticks_before = "window.beats = 0; window.beating = setInterval(() => { beats += 1; }, 20)"
    desktop.evaluate(ticks_before)
    choose(desktop, *photos[:50])
    desktop.wait_for_function("() => document.querySelector('#collection-bar').value >= 5")
    assert desktop.get_attribute("main", "data-state") == "working"
    assert re.search(r"\d+ of 50 photos looked at", desktop.inner_text("#collection-title"))
    desktop.wait_for_selector("main[data-state=result]")
    assert desktop.locator("#collection [data-column=probability]:visible").count() == 50
    assert desktop.evaluate("clearInterval(beating), beats") > 50  # the page's own timer went on


def test_stopping_keeps_what_is_answered(desktop: Page, photos: list[bytes]) -> None:
    choose(desktop, *photos)
    desktop.wait_for_function("() => document.querySelector('#collection-bar').value >= 3")
    desktop.click("#collection-cancel")
    desktop.wait_for_selector("main[data-state=result]")
    done = desktop.locator("#collection [data-column=probability]:visible").count()
    assert 3 <= done < 60
    assert f"Stopped after {done} of 60 photos" in desktop.inner_text("#collection-title")
    assert desktop.evaluate("document.activeElement.id") == "collection-title"
    assert len(answer(desktop, photos[0])) == 7


def test_what_was_wrong_with_an_earlier_photo_is_not_said_above_a_table(desktop: Page, photos: list[bytes]) -> None:
    choose(desktop, b"no photo")
    desktop.wait_for_selector("main[data-state=error]")
    choose(desktop, *photos[:2])
    desktop.wait_for_selector("main[data-state=result]")
    assert desktop.inner_text("[role=alert]") == ""


def test_a_newer_photo_ends_the_work_on_several(desktop: Page, photos: list[bytes]) -> None:
    choose(desktop, *photos)
    desktop.wait_for_function("() => document.querySelector('#collection-bar').value >= 2")
    given = answer(desktop, photos[7])
    assert desktop.locator("#collection").is_hidden()
    desktop.wait_for_timeout(500)
    assert rows(desktop) == given


def test_the_table_fits_a_phone(browser: Browser, demo_build: Build, photos: list[bytes]) -> None:
    with visit(browser, demo_build.site, **{**PHONE, "viewport": {"width": 320, "height": 640}}) as phone:
        choose(phone, *photos[:3])
        settle(phone)
        ticks = phone.locator("#collection tbody input")
        ticks.nth(0).tap()
        ticks.nth(1).tap()
        phone.tap("#collection [data-does=pair]")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 320
        assert phone.locator("#collection tbody tr").first.get_by_role("cell").count() == 4
