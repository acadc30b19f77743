"""The history: only if the visitor wants it, only on the device, gone with one tap. And the answer on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from builder.site.languages import LANGUAGES, Language
from tests.conftest import Build
from tests.visiting import answer, choose, png, rows, settle, spot_photo, visit

PHOTO = png(spot_photo(400, 300))
OTHER = png(spot_photo(400, 300, radius=90))
DATABASES = "indexedDB.databases().then(all => all.map(one => one.name).filter(name => name.includes('history')))"


@pytest.fixture
def page(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site) as page:
        yield page


def again(page: Page) -> None:
    page.reload()
    page.wait_for_selector("main[data-state=ready]")


def kept(page: Page) -> int:
    return page.locator("#history tbody tr").count()


def test_nothing_is_kept_unless_it_is_switched_on(page: Page) -> None:
    answer(page, PHOTO)
    assert page.get_attribute("#history-switch", "aria-checked") == "false"
    assert page.evaluate(DATABASES) == [] and kept(page) == 0
    assert page.evaluate("Object.keys(localStorage)") == []
    again(page)
    assert page.evaluate(DATABASES) == []


def test_kept_answers_are_there_at_the_next_visit_and_open(page: Page) -> None:
    page.click("#history-switch")
    given = answer(page, PHOTO)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 1")
    answer(page, OTHER)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 2")
    again(page)
    assert page.get_attribute("#history-switch", "aria-checked") == "true"
    assert kept(page) == 2
    page.locator("#history [data-does=open]").nth(1).click()  # the newest stands on top
    page.wait_for_selector("#answer:visible")
    settle(page)
    assert rows(page) == given


def test_what_an_earlier_version_kept_as_a_blob_opens_too(page: Page) -> None:
    page.click("#history-switch")
    given = answer(page, PHOTO)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 1")
    page.evaluate(
        """() => new Promise((resolve) => {
          indexedDB.open("lesionlens.history").onsuccess = ({ target: { result } }) => {
            const store = result.transaction("answers", "readwrite").objectStore("answers");
            store.openCursor().onsuccess = ({ target: { result: { value, key } } }) => {
              const cutout = new Blob([value.cutout.bytes], { type: value.cutout.type });
              store.put({ ...value, cutout }, key).onsuccess = resolve;
            };
            store.transaction.oncomplete = () => result.close();
          };
        })"""
    )
    again(page)
    page.click("#history [data-does=open]")
    page.wait_for_selector("#answer:visible")
    settle(page)
    assert rows(page) == given


def test_a_photo_that_is_framed_again_is_kept_once(page: Page) -> None:
    page.click("#history-switch")
    answer(page, PHOTO)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 1")
    page.click("[data-does=smaller]")
    settle(page)
    page.wait_for_function("() => document.querySelector('#history [data-column=probability]') !== null")
    given = rows(page)
    again(page)
    assert kept(page) == 1
    page.click("#history [data-does=open]")
    page.wait_for_selector("#answer:visible")
    settle(page)
    assert rows(page) == given


def test_one_tap_deletes_everything(page: Page) -> None:
    page.click("#history-switch")
    choose(page, PHOTO, OTHER)
    page.wait_for_selector("main[data-state=result]")
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 2")
    page.click("#history-delete")
    page.wait_for_selector("#history-content", state="hidden")
    assert kept(page) == 0 and page.evaluate(DATABASES) == []
    assert "deleted" in page.inner_text("#announcer")
    assert page.evaluate("document.activeElement.id") == "history-switch"


def test_switched_off_nothing_new_is_kept_and_the_old_can_be_deleted(page: Page) -> None:
    page.click("#history-switch")
    answer(page, PHOTO)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 1")
    page.click("#history-switch")
    answer(page, OTHER)
    assert page.evaluate("Object.keys(localStorage)") == []
    again(page)
    assert kept(page) == 1
    page.click("#history-delete")
    page.wait_for_selector("#history-content", state="hidden")
    assert page.evaluate(DATABASES) == []


def test_two_visits_of_one_spot_stand_side_by_side(page: Page) -> None:
    page.click("#history-switch")
    choose(page, PHOTO, OTHER, names=("march.png", "june.png"))
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 2")
    for tick in page.locator("#history tbody input").all():
        tick.check()
    page.click("#history [data-does=pair]")
    shown = page.inner_text("#pair")
    assert "march.png" in shown and "june.png" in shown and "Looked at" in shown


def test_a_browser_that_keeps_nothing_says_so_and_answers_all_the_same(page: Page) -> None:
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }")
    page.click("#history-switch")
    page.get_by_text("This browser keeps nothing for this page").wait_for()
    assert page.get_attribute("#history-switch", "aria-checked") == "false"
    assert len(answer(page, PHOTO)) == 7


def sheets(page: Page) -> int:
    return len(re.findall(rb"/Type /Page\b", page.pdf(format="A4", print_background=True)))


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_in_every_language_an_answer_prints_on_one_page(
    browser: Browser, demo_build: Build, language: Language
) -> None:
    with visit(browser, demo_build.site) as page:
        page.goto(page.url.replace("index.html", f"{language.code}/index.html".removeprefix("en/")) + "#en")
        for sample in sorted((demo_build.site / "samples").glob("*.png")):
            answer(page, sample.read_bytes())
            assert sheets(page) == 1, sample.stem


@pytest.mark.parametrize("photo", [PHOTO, png(spot_photo(300, 900))], ids=["landscape", "tall"])
def test_an_answer_prints_on_one_page_with_the_warnings(page: Page, photo: bytes) -> None:
    answer(page, photo)
    assert sheets(page) == 1
    page.emulate_media(media="print")
    for hidden in ("#chooser", "#framing-tools", "#heat-switch", "#actions", "#history", "#status"):
        assert page.locator(hidden).is_hidden(), hidden
    assert page.get_by_text("Not for diagnosis or treatment decisions.").is_visible()
    assert page.locator("[data-code]").count() == 7 and page.locator("#seen-image").is_visible()
    page.emulate_media(media="screen")


def test_the_print_button_prints(page: Page) -> None:
    answer(page, PHOTO)
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.click("[data-does=print]")
    assert page.evaluate("window.printed") is True
