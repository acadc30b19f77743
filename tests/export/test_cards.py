"""A card is used only if every key, type, range and count in it is right: by the page and by `predict` alike."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from builder.export import stage as export
from builder.export.card import SCHEMA, card_problem
from builder.site.messages import classes_in_english
from tests.conftest import Build, run_build_py
from tests.page import write_page
from tests.tampering import MODEL, bad_cards

CLASSES = classes_in_english()


@pytest.fixture(scope="module")
def card(demo_build: Build) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((demo_build.site / MODEL / "card.json").read_text(encoding="utf-8"))
    return read


def problems_in_page(browser: Browser, folder: Path, cards: list[Any]) -> list[str | None]:
    page = browser.new_page()
    page.goto(write_page(folder, ["bytes", "cards"], own_script="").as_uri())
    known = {"name": "compact", "classes": CLASSES}
    texts, long = [json.dumps(card) for card in cards], re.findall(r'"[\w+/=]{2000,}"', json.dumps(cards[0]))
    for number, part in enumerate(long):  # which all cards share: sent once
        texts = [text.replace(part, f"<{number}>") for text in texts]
    told: list[str | None] = page.evaluate(
        """([texts, long, known]) => texts.map((text) => {
          const whole = text.replace(/<(\\d+)>/g, (_, number) => long[number]);
          return Cards.problem(JSON.parse(whole), known);
        })""",
        [texts, long, known],
    )
    page.close()
    return told


def test_page_and_terminal_accept_the_cards_of_a_build(
    browser: Browser, demo_build: Build, card: dict[str, Any], tmp_path: Path
) -> None:
    assert problems_in_page(browser, tmp_path, [card]) == [None]
    for folder in sorted((demo_build.site / "model").iterdir()):
        assert (
            card_problem(json.loads((folder / "card.json").read_text(encoding="utf-8")), folder.name, CLASSES) is None
        )


def test_page_and_terminal_refuse_every_tampered_card(browser: Browser, card: dict[str, Any], tmp_path: Path) -> None:
    bad = list(bad_cards(card))
    assert len(bad) > 300
    _, *in_page = problems_in_page(browser, tmp_path, [card, *(each for _, each in bad)])
    assert [name for (name, _), problem in zip(bad, in_page, strict=True) if not problem] == []
    assert [name for name, each in bad if not card_problem(each, "compact", CLASSES)] == []


def test_what_the_build_writes_into_a_self_test_is_what_a_card_must_prove_at_least() -> None:
    test = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]["self_test"]["properties"]
    assert test["vectors"]["minItems"] <= export.SELF_TEST_PHOTOS
    assert test["tolerance"]["maximum"] >= export.SELF_TEST_TOLERANCE
    assert test["scope_tolerance"]["maximum"] >= export.SELF_TEST_SCOPE_TOLERANCE


@pytest.mark.parametrize("damage", ["no threshold", "cut", "NaN", "missing", "another network's"])
def test_predict_refuses_a_damaged_card_in_two_lines(demo_build: Build, tmp_path: Path, damage: str) -> None:
    site = tmp_path / "site"
    shutil.copytree(demo_build.site / "model" / "compact", site / "model" / "compact")
    for name in ("report.json", "sw.js"):
        shutil.copy(demo_build.site / name, site)
    file = site / MODEL / "card.json"
    text = file.read_text(encoding="utf-8")
    if damage == "no threshold":
        changed = json.loads(text)
        del changed["judgement"]["operating_point"]["threshold"]
        file.write_text(json.dumps(changed), encoding="utf-8")
    elif damage == "cut":
        file.write_text(text[: len(text) // 2], encoding="utf-8")
    elif damage == "NaN":
        file.write_text(text.replace('"distance_limit": ', '"distance_limit": NaN, "_": '), encoding="utf-8")
    elif damage == "missing":
        file.unlink()
    else:
        shutil.copy(demo_build.site / "model" / "cnn" / "card.json", file)
    photo = tmp_path / "photo.png"
    Image.new("RGB", (400, 300), (200, 150, 130)).save(photo)
    done = run_build_py("--site", site, "predict", photo)
    assert done.returncode == 1
    assert done.stdout == ""
    said = done.stderr.strip().splitlines()
    assert len(said) == 2 and "card" in said[0] and "Traceback" not in done.stderr
