"""Every page for everyone: axe, narrow screens, large text, keyboard, forced colours, less motion, paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from builder.site.languages import LANGUAGES, Language
from builder.site.render import IN_ALL_LANGUAGES
from tests.conftest import Build
from tests.visiting import AXE, violations

FOR_READING = tuple(name for name in IN_ALL_LANGUAGES if name != "index.html")
PAGES = [f"{language.code}/{name}".removeprefix("en/") for language in LANGUAGES for name in IN_ALL_LANGUAGES]
ARABIC = next(language for language in LANGUAGES if language.direction == "rtl")
WAIT_MS = 120_000  # test machines are slow
FULL_SIZE_PX = 1280  # zoomed to 200 %, it has half of that


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str], demo_build: Build) -> str:
    return f"{serve(demo_build.site)}/"


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a page of the site: `opened("de/kinds.html", viewport=...)`."""
    contexts = []

    def open_page(path: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.goto(of(path, address))
        return page

    yield open_page
    for context in contexts:
        context.close()


def of(path: str, address: str) -> str:
    """The address of a page; the app's is that of English, whatever the browser speaks."""
    return f"{address}{path}#en" if path == "index.html" else address + path


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for all tests that only look; its colours change at once."""
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(AXE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", [*PAGES, "404.html"])
def test_axe_finds_nothing(tab: Page, address: str, path: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(of(path, address))
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        assert violations(tab) == [], scheme


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(tab: Page, address: str, path: str) -> None:
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.goto(of(path, address))
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    tab.set_viewport_size({"width": FULL_SIZE_PX // 2, "height": 400})  # zoomed to 200 %
    assert tab.evaluate("document.documentElement.scrollWidth") <= FULL_SIZE_PX // 2
    tab.evaluate("document.documentElement.style.fontSize = '225%'")  # text alone at 200 %
    assert tab.evaluate("document.documentElement.scrollWidth") <= FULL_SIZE_PX // 2


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_an_answer_is_accessible_and_fits_in_every_language(
    opened: Callable[..., Page], demo_build: Build, language: Language
) -> None:
    path = f"{language.code}/index.html".removeprefix("en/")
    page = opened(path, viewport={"width": 320, "height": 640}, has_touch=True)
    page.set_default_timeout(WAIT_MS)
    page.wait_for_selector("main[data-state=ready]")
    page.set_input_files("#photo", demo_build.site / "samples" / "nv.png")
    page.wait_for_selector("main[data-state=result]")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": FULL_SIZE_PX // 2, "height": 400})
    page.evaluate("document.documentElement.style.fontSize = '225%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= FULL_SIZE_PX // 2


@pytest.mark.parametrize("name", FOR_READING)
def test_the_keyboard_reaches_every_link_and_shows_where_it_is(opened: Callable[..., Page], name: str) -> None:
    page = opened(name, viewport={"width": 1280, "height": 800})
    links = page.locator("a:visible").count()
    reached = set()
    for _ in range(links + 1):
        page.keyboard.press("Tab")
        place = page.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              return [...document.querySelectorAll("a")].indexOf(at) + (parseFloat(style.outlineWidth) >= 2 ? 0 : 1e6);
            }"""
        )
        assert place < 1_000_000, "the focus cannot be seen"
        reached.add(place)
    assert len(reached - {-1}) == links


def test_the_first_stop_skips_to_the_main_part(opened: Callable[..., Page]) -> None:
    page = opened("kinds.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("name", FOR_READING)
def test_arabic_runs_from_right_to_left(opened: Callable[..., Page], name: str) -> None:
    page = opened(f"{ARABIC.code}/{name}", viewport={"width": 1280, "height": 800})
    middle = FULL_SIZE_PX / 2
    for selector, is_right in (("h1", True), (".wordmark", True), (".masthead__links li:last-child", False)):
        box = page.evaluate(
            """(selector) => {
              const range = document.createRange();
              range.selectNodeContents(document.querySelector(selector));
              const { left, right } = range.getBoundingClientRect();
              return (left + right) / 2;
            }""",
            selector,
        )
        assert (box > middle) == is_right, selector


@pytest.mark.parametrize("path", ["kinds.html", "ar/how.html"])
def test_who_wants_less_motion_gets_none(opened: Callable[..., Page], path: str) -> None:
    moving = """() => [...document.querySelectorAll("*")].filter((each) => {
      const style = getComputedStyle(each);
      const seconds = [style.transitionDuration, style.animationDuration].join(",").split(",").map(parseFloat);
      return Math.max(...seconds) > 0;
    }).map((each) => each.className)"""
    assert opened(path, reduced_motion="reduce").evaluate(moving) == []


def test_forced_colours_keep_shapes_and_edges(opened: Callable[..., Page]) -> None:
    page = opened("kinds.html", forced_colors="active")
    assert page.evaluate("getComputedStyle(document.querySelector('.banner')).borderTopStyle") == "solid"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    shapes = page.eval_on_selector_all(".sort__group .shape", "all => all.map((one) => getComputedStyle(one).color)")
    assert len(shapes) == 7 and paper not in shapes


def test_paper_gets_the_text_and_no_controls(opened: Callable[..., Page]) -> None:
    page = opened("kinds.html")
    page.emulate_media(media="print")
    assert page.locator(".footer__links:visible, .masthead__links:visible, .skip:visible").count() == 0
    assert page.locator("#mel").is_visible() and page.locator(".warnings li").last.is_visible()
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_what_is_in_another_language_says_so(opened: Callable[..., Page], language: Language) -> None:
    page = opened(f"{language.code}/kinds.html".removeprefix("en/"))
    names = page.eval_on_selector_all("[data-language]", "all => all.map((one) => [one.lang, one.textContent])")
    assert names == [[each.tag, each.name] for each in LANGUAGES]
    assert page.locator(".sources a:not([lang=en])").count() == 0
