"""The report page in a real browser: accessible, never too wide, its drawings named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builder.folders import TEMPLATES
from builder.site.render import template_environment
from builder.site.report_pages import write_report_pages
from tests.report_figures import make_folds, make_leakage, make_report
from tests.visiting import violations


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report page with all it can hold, and its stylesheets."""
    folder = tmp_path_factory.mktemp("report")
    shutil.copytree(TEMPLATES / "css", folder / "css")
    whole = {**make_report(), "leakage": make_leakage(), "folds": make_folds()}
    write_report_pages(template_environment(page="report.html"), whole, folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280])
def test_the_page_has_no_accessibility_violations(browser: Browser, folder: Path, scheme: Any, width_px: int) -> None:
    page = browser.new_page(viewport={"width": width_px, "height": 844}, color_scheme=scheme)
    page.goto((folder / "report.html").as_uri())
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    found = violations(page)
    page.close()
    assert found == []


def test_the_page_never_scrolls_sideways_but_its_tables_may(browser: Browser, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto((folder / "report.html").as_uri())
    page.eval_on_selector_all("details", "all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    outside = page.eval_on_selector_all(
        "table", "all => all.filter((one) => !one.closest('.table-place[tabindex=\"0\"][aria-label]')).length"
    )
    assert outside == 0, "every table can be reached and scrolled with the keyboard"
    page.close()


def test_every_drawing_has_a_name_or_is_beside_its_words(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "report.html").as_uri())
    nameless = page.eval_on_selector_all(
        "main svg",
        "all => all.filter((one) => one.ariaHidden !== 'true' && !(one.role === 'img' && one.ariaLabel)).length",
    )
    assert nameless == 0
    names = page.eval_on_selector_all("main svg[role=img]", "all => all.map((one) => one.ariaLabel)")
    assert len(names) == len(set(names)) >= 20, "no two drawings have the same name"
    letters_px = page.eval_on_selector_all(
        "svg text", "all => Math.min(...all.map((one) => one.getBoundingClientRect().height))"
    )
    assert letters_px >= 12
    page.close()


def test_on_paper_nothing_is_laid_over_the_end_of_a_table(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.emulate_media(media="print")
    page.goto((folder / "report.html").as_uri())
    inside = page.eval_on_selector_all(
        "main .table, main .facts",
        """all => all.filter((one) => {
            const around = [one];
            while (around[0].parentElement) around.unshift(around[0].parentElement);
            return around.some((element) => /grid|flex/.test(getComputedStyle(element).display));
        }).length""",
    )
    page.close()
    assert inside == 0, "Chromium breaks a table in a grid so that what follows covers its end"
