"""Two networks in one site: the first answers at once, the other where it is wanted or costs nobody anything."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from builder.classes import CODES
from builder.data.demo.draw import draw_demo_photos
from builder.export.layers_model import load_layers_model
from builder.photo.preprocess import photo_to_pixels
from builder.predict.trained import predict
from tests.conftest import Build, run_command
from tests.visiting import PHONE, answer, choose, png, rows, saved, violations, visit

FREE_AND_FAST = (
    "Object.defineProperty(Navigator.prototype, 'connection', { value: { saveData: false, downlink: 10 } });"
)
CELLS = """() => [...document.querySelectorAll('#opinions-kinds tr')].map((row) =>
  [...row.querySelectorAll('td')].map((cell) => Number(cell.dataset.share)))"""
DRAWN = [photo.pixels for photo in draw_demo_photos(4, 321, width_px=200, height_px=150)]
PHOTOS = [png(pixels) for pixels in DRAWN]


@pytest.fixture(scope="module")
def phone(browser: Browser, demo_build: Build) -> Iterator[Page]:
    with visit(browser, demo_build.site, **PHONE) as page:
        yield page


def opinions(page: Page) -> dict[str, list[float]]:
    """By network's column, each class's probability in the order of the table."""
    page.wait_for_selector("#opinions-place:not([hidden])")
    table = page.evaluate(CELLS)
    heads = page.locator("#opinions-networks th").all_inner_texts()[1:]
    return {head: [row[column] for row in table] for column, head in enumerate(heads)}


def test_nothing_is_fetched_unasked_over_a_line_that_costs(phone: Page) -> None:
    fetched: list[str] = []
    phone.on("request", lambda request: fetched.append(request.url))
    assert len(answer(phone, PHOTOS[0])) == 7
    assert phone.is_visible("#opinions-ask") and not phone.is_visible("#opinions-place")
    assert "MB" in phone.inner_text("#opinions-ask")
    assert [url for url in fetched if "/model/cnn/" in url] == []


def test_the_other_network_says_what_it_says_in_python_beside_the_first(
    phone: Page, demo_build: Build, tmp_path: Path
) -> None:
    first = answer(phone, PHOTOS[0])  # so small that the frame is all of it, as in the terminal
    assert phone.get_attribute("[data-does=whole]", "aria-disabled") == "true"
    phone.click("#opinions-ask")
    said = opinions(phone)
    assert [head.split(" (")[1] for head in said] == ["compact)", "cnn)"]
    photo = tmp_path / "photo.png"
    photo.write_bytes(PHOTOS[0])
    expected = predict(load_layers_model(demo_build.site / "model" / "cnn"), photo_to_pixels(photo)[None])[0]
    shown = sorted(CODES, key=lambda code: -first[code])
    own, other = said.values()
    assert own == pytest.approx([first[code] for code in shown])
    assert other == pytest.approx([expected[CODES.index(code)] for code in shown], abs=1e-3)
    told = run_command("--site", demo_build.site, "predict", "--json", "--network", "cnn", photo)
    assert json.loads(told.stdout)["photos"][0]["probabilities"] == pytest.approx(
        dict(zip(CODES, map(float, expected), strict=True)), abs=1e-6
    )
    assert violations(phone) == []


def test_once_here_it_is_asked_about_every_photo(phone: Page) -> None:
    for photo in PHOTOS[1:]:
        answer(phone, photo)
        phone.wait_for_selector("#opinions-place:not([hidden])")
        own, other = opinions(phone).values()
        assert own == sorted(rows(phone).values(), reverse=True)
        agree = int(np.argmax(other)) == 0
        assert ("do not agree" not in phone.inner_text("#opinions-text")) == agree


def test_both_are_saved_each_with_its_own_thresholds(phone: Page, demo_build: Build) -> None:
    answer(phone, PHOTOS[0])
    columns = list(opinions(phone).values())
    table = list(csv.DictReader(io.StringIO(saved(phone, "#actions [data-save=csv]"))))
    told = json.loads(saved(phone, "#actions [data-save=json]"))
    assert [network["name"] for network in told["networks"]] == ["compact", "cnn"]
    for row, photo, network, column in zip(table, told["photos"], told["networks"], columns, strict=True):
        assert row["model"] == photo["network"]["name"] == network["name"]
        assert photo["probabilities"] == {code: float(row[code]) for code in CODES}
        assert sorted(photo["probabilities"].values()) == sorted(column)
        card = json.loads((demo_build.site / "model" / network["name"] / "card.json").read_text(encoding="utf-8"))
        point = card["judgement"]["operating_point"]
        assert network["thresholds"]["operating_point"] == point and float(row["operating_point"]) == point["threshold"]


def test_each_is_labelled_with_its_measured_quality(phone: Page, demo_build: Build) -> None:
    texts = phone.locator("#opinions-quality td").all_inner_texts()
    for text, network in zip(texts, demo_build.report["networks"].values(), strict=True):
        test = network["test"]
        assert f"Right in {round(100 * test['accuracy']['value'])} of 100" in text
        assert f"Finds {round(100 * test['melanoma_sensitivity']['value'])} of 100 melanomas" in text


def test_on_a_fast_line_that_costs_nothing_it_comes_by_itself(browser: Browser, demo_build: Build) -> None:
    with visit(browser, demo_build.site) as page:
        page.add_init_script(FREE_AND_FAST)
        page.reload()
        page.wait_for_selector("main[data-state=ready]")
        choose(page, PHOTOS[0])
        assert len(opinions(page)) == 2


def test_what_cannot_be_fetched_leaves_the_first_answer_and_can_be_tried_again(
    browser: Browser, demo_build: Build
) -> None:
    with visit(browser, demo_build.site) as page:
        page.route("**/model/cnn/card.json", lambda route: route.abort())
        first = answer(page, PHOTOS[0])
        page.click("#opinions-ask")
        page.wait_for_selector("#opinions-text:text('could not be asked')")
        assert rows(page) == first
        page.unroute("**/model/cnn/card.json")
        page.click("#opinions-ask")
        assert len(opinions(page)) == 2
