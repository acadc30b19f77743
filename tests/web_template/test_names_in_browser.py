"""Names of a visitor's photos made to harm: in the page's tables for spreadsheets, in its JSON, and on the page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builder.terminal import visible
from tests.in_node import in_node
from tests.page import write_page

SAVE = """
const classes = ["akiec", "mel"].map((code, index) => ({ code, index }));
const judgement = { operating_point: { threshold: -0.5 }, sureness: [], scope: { threshold: 1 }, quality: {} };
const card = { name: "cnn", version: "1", input: {}, classes, judgement };
const answered = (name) => ({
  name, answeredAt: "2026-01-01T00:00:00.000Z", likeliest: "mel", probabilities: [-0.25, 1e-7], quarters: 0,
  judgement: { verdict: "answer", sureness: "sure", malignant: { probability: 1, threshold: -0.5 }, quality: [] },
  scope: -3, frame: { x: 0, y: 0, width: 4, height: 3 }, network: { name: "cnn", version: "1" },
});
const save = (names, format) => Export.save(names.map((name) => ({ answered: answered(name), card })), format);
"""
# As OWASP lists them ("CSV Injection"), with what spreadsheets pass over in front, and the wide signs of Chinese.
FORMULAS = [
    "=1+1|cmd", "+1", "-1+1|cmd' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "  @x", '"=1', "'=1",
    "\ufeff=1", "\u200b=1", "\u00a0=1", "＝1", "＋1", "－1", "＠x", "\u202e=1", "\x00=1",
]  # fmt: skip
NAMES = ["a.jpg", "a,b", 'a"b', "a;=1+1", "a\tb", "a\nb", "a\rb", "a\u2028b", "a\u0085b", "a=b", "0.5", "è病變"]
SPOOFED = [
    "photo_\u202egpj.exe", "a\u2066b\u2069", "a\u200fb", "a\nb", "a\u2028b", "a\x1b[31mb", "a\u200bb", "\U000e0041",
]  # fmt: skip


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], str]) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    write_page(folder, ["answer/export"], own_script=SAVE)
    page = browser.new_page()
    page.goto(f"{serve(folder)}/index.html")
    yield page
    page.close()


def saved(page: Page, form: str) -> str:
    """What the page hands over of photos of all these names."""
    with page.expect_download() as download:
        page.evaluate("([names, form]) => save(names, form)", [[*FORMULAS, *NAMES, *SPOOFED], form])
    return Path(download.value.path()).read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def text(page: Page) -> str:
    return saved(page, "csv")


@pytest.fixture(scope="module")
def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", FORMULAS, ids=ascii)
def test_no_spreadsheet_takes_a_name_for_a_formula(rows: list[dict[str, str]], name: str) -> None:
    assert rows[FORMULAS.index(name)]["file"] == f"'{name}"


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_other_name_is_read_back_as_it_was(rows: list[dict[str, str]], text: str, name: str) -> None:
    assert rows[len(FORMULAS) + NAMES.index(name)]["file"] == name
    if ";" in name:  # where a semicolon is what separates, it would begin a cell
        assert f'"{name}"' in text


def test_numbers_below_zero_stay_numbers(rows: list[dict[str, str]]) -> None:
    assert len(rows) == len([*FORMULAS, *NAMES, *SPOOFED])
    for row in rows:
        assert (row["akiec"], row["mel"], row["operating_point"], row["scope"]) == ("-0.25", "1e-7", "-0.5", "-3")


def test_the_json_has_each_name_exactly(page: Page) -> None:
    told: dict[str, Any] = json.loads(saved(page, "json"))
    assert [photo["file"] for photo in told["photos"]] == [*FORMULAS, *NAMES, *SPOOFED]
    assert told["format"] == 1


@pytest.mark.parametrize("name", [*SPOOFED, "می‌خواهم", "👩‍⚕️.jpg", "a b.jpg"], ids=ascii)
def test_the_page_shows_a_name_as_the_terminal_does(name: str) -> None:
    shown = in_node(["page/language"], "Language.visible", name)
    if any(not sign.isprintable() and sign not in "\u200c\u200d" for sign in name):
        assert shown != name and shown.isprintable()
    else:
        assert shown == name == visible(name)
