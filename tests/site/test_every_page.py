"""The built site's pages, whoever looks at them: accessible, never too wide, leading to one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import Build
from tests.visiting import (
    LAST_SHARD,
    LOADED,
    WAIT_MS,
    answer,
    choose,
    hold,
    let_go,
    violations,
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_state_is_accessible(browser: Browser, http: str, photos: list[Path], scheme: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    assert violations(page) == [], "loading"
    let_go(page, held)
    page.wait_for_selector("main[data-state=ready]")
    assert violations(page) == [], "ready"
    choose(page, b"no photo", names=("text.png",))
    page.wait_for_selector("main[data-state=error]")
    assert violations(page) == [], "error"
    answer(page, photos[0].read_bytes())
    assert violations(page) == [], "result"
    for name in ("report.html", "404.html"):
        page.goto(http + name)
        page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
        assert violations(page) == [], name
    context.close()


@pytest.mark.parametrize("name", ["index.html", "report.html", "404.html"])
def test_no_page_scrolls_sideways_at_320_px(browser: Browser, http: str, name: str, photos: list[Path]) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.set_default_timeout(WAIT_MS)
    page.goto(http + name)
    if name == "index.html":
        page.wait_for_selector(LOADED)
        answer(page, photos[0].read_bytes())
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


def test_the_photo_can_be_chosen_with_the_keyboard(
    http: str, open_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = open_page(f"{http}index.html")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "photo":
            break
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photos[0])
    page.wait_for_selector("main[data-state=result]")


def test_an_unknown_address_leads_back_to_the_start(http: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{http}no-such-page")
    assert page.eval_on_selector("body", "body => getComputedStyle(body).fontFamily") != ""
    page.get_by_role("link", name="start page").click()
    page.wait_for_selector("main[data-state]")


def test_every_address_in_the_site_is_relative_and_leads_to_a_file(demo_build: Build, context: BrowserContext) -> None:
    page = context.new_page()
    for name in ("index.html", "report.html"):
        page.goto((demo_build.site / name).as_uri())
        found = page.eval_on_selector_all(
            "[src], [href]", "all => all.map((one) => one.getAttribute('src') ?? one.getAttribute('href'))"
        )
        local = [each for each in found if each and not each.startswith(("#", "blob:"))]
        assert local
        for each in local:
            if each.startswith("https://doi.org/"):  # a citation that a reader may follow
                continue
            assert "://" not in each and not each.startswith("/"), each
            assert (demo_build.site / each.partition("#")[0]).exists(), each


def test_the_report_shows_the_figures_of_the_report_file(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    page.goto(f"{http}report.html")
    network = demo_build.report["networks"][demo_build.first_network]
    shown = page.inner_text("body")
    assert f"{round(100 * network['test']['accuracy']['value'])}" in shown
    for row in network["confusion"]:
        for count in row:
            assert str(count) in shown
    assert page.locator("svg[role=img]").count() >= 9  # two learning curves and seven ROC curves
