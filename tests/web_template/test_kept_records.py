"""What is kept on the device: bounded, the oldest deleted first, damaged records not shown, always to be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Build
from tests.visiting import answer, png, spot_photo, visit

PHOTO = png(spot_photo(400, 300))
MOST = 200
DATABASES = "indexedDB.databases().then(all => all.map(one => one.name).filter(name => name.includes('history')))"

# Puts records beside the one that is there: `change` makes them from it.
PUT = """async (count) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await asked(indexedDB.open("lesionlens.history", 1));
  const [kept] = await asked(database.transaction("answers").objectStore("answers").getAll());
  const transaction = database.transaction("answers", "readwrite");
  for (let i = 0; i < count; i++) {
    transaction.objectStore("answers").add(changed(structuredClone(kept), i));
  }
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
  function changed(kept, i) {
    CHANGE;
    return kept;
  }
}"""
COUNT = """async () => {
  const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await asked(indexedDB.open("lesionlens.history", 1));
  const count = await asked(database.transaction("answers").objectStore("answers").count());
  database.close();
  return count;
}"""
DAMAGES = {
    "nothing": "kept = null",
    "a number": "kept = 7",
    "no answer": "delete kept.answered",
    "no picture": "delete kept.cutout",
    "picture of another type": "kept.cutout = 'data:image/png;base64,'",
    "empty picture": "kept.cutout = new Blob([])",
    "no probabilities": "delete kept.answered.probabilities",
    "a probability that is none": "kept.answered.probabilities = kept.answered.probabilities.map(() => NaN)",
    "probabilities of another sum": "kept.answered.probabilities = [1, 1, 1, 1, 1, 1, 1]",
    "probabilities too few": "kept.answered.probabilities = [0.5, 0.5]",
    "texts for numbers": "kept.answered.probabilities = kept.answered.probabilities.map(String)",
    "another likeliest": "kept.answered.likeliest = kept.answered.likeliest === 'mel' ? 'nv' : 'mel'",
    "an unknown likeliest": "kept.answered.likeliest = 'constructor'",
    "no judgement": "delete kept.answered.judgement",
    "an unknown verdict": "kept.answered.judgement = { ...kept.answered.judgement, verdict: 'healthy' }",
    "an unknown sureness": "kept.answered.judgement = { ...kept.answered.judgement, sureness: 'certain' }",
    "an unknown quality": "kept.answered.judgement = { ...kept.answered.judgement, quality: ['x'] }",
    "nothing malignant": (
        "const j = kept.answered.judgement; "
        "kept.answered.judgement = { ...j, malignant: { ...j.malignant, probability: j.malignant.probability + 0.1 } }"
    ),
    "no alarm": (
        "const j = kept.answered.judgement; "
        "kept.answered.judgement = { ...j, malignant: { ...j.malignant, isAbove: !j.malignant.isAbove } }"
    ),
    "no threshold": (
        "const j = kept.answered.judgement; const { threshold, ...rest } = j.malignant; "
        "kept.answered.judgement = { ...j, malignant: rest }"
    ),
    "no frame": "delete kept.answered.frame",
    "no network": "delete kept.answered.network",
    "no date": "kept.answered.answeredAt = 'yesterday'",
    "no name": "kept.answered.name = {}",
}


@pytest.fixture
def page(browser: Browser, demo_build: Build) -> Iterator[Page]:
    """A visit in which one answer was kept."""
    with visit(browser, demo_build.site) as page:
        page.click("#history-switch")
        answer(page, PHOTO)
        page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length === 1")
        yield page


def put(page: Page, count: int, change: str) -> None:
    page.evaluate(PUT.replace("CHANGE", change), count)


def again(page: Page) -> None:
    page.reload()
    page.wait_for_selector("main[data-state=ready]")
    page.wait_for_selector("#history-content:visible")


def kept(page: Page) -> int:
    return page.locator("#history tbody tr").count()


def delete_all(page: Page) -> None:
    page.click("#history-delete")
    page.wait_for_selector("#history-content", state="hidden")
    assert page.evaluate(DATABASES) == []


def test_damaged_records_are_not_shown_but_counted_and_deleted_with_the_others(page: Page) -> None:
    for change in DAMAGES.values():
        put(page, 1, change)
    again(page)
    page.wait_for_function("() => document.querySelectorAll('#history tbody tr').length > 0")
    assert kept(page) == 1
    assert f"{len(DAMAGES)} kept answers are damaged" in page.inner_text("#history-damaged")
    delete_all(page)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_single_damaged_record_can_be_deleted(page: Page, damage: str) -> None:
    put(page, 1, DAMAGES[damage])
    page.click("#history-switch")  # which shows what is kept by now
    page.wait_for_selector("#history-damaged:visible")
    assert kept(page) == 1
    assert "damaged" in page.inner_text("#history-damaged")
    delete_all(page)


def test_as_many_are_kept_as_is_said_and_the_oldest_goes_first(page: Page) -> None:
    put(page, MOST + 5, "kept.answered.name = `photo ${i}`")
    again(page)
    page.wait_for_function(f"() => document.querySelectorAll('#history tbody tr').length === {MOST}")
    assert f"At most {MOST} are kept" in page.inner_text("#history-note")
    assert f"{MOST} answers are kept" in page.inner_text("#history-full")
    answer(page, PHOTO)
    page.wait_for_function(
        "() => document.querySelector('#history tbody .photo-row__name').textContent === 'photo 1.png'"
    )
    assert page.evaluate(COUNT) == MOST
    assert page.locator("#history tbody .photo-row__name").last.inner_text() == "photo 6"
    delete_all(page)


@pytest.mark.parametrize(
    "place",
    [
        "const r = indexedDB.open('lesionlens.history', 99); r.onupgradeneeded = () => {}; r",
        "const r = indexedDB.open('lesionlens.history', 1); r",
    ],
    ids=["of a newer version", "without its table"],
)
def test_a_place_of_another_kind_can_be_deleted(page: Page, place: str) -> None:
    if place.endswith("1); r"):
        page.evaluate(
            "() => new Promise((done) => { indexedDB.deleteDatabase('lesionlens.history').onsuccess = () => done(); })"
        )
    page.evaluate(f"() => new Promise((done) => {{ {place}.onsuccess = () => {{ r.result.close(); done(); }}; }})")
    again(page)
    delete_all(page)
    assert len(answer(page, PHOTO)) == 7


def test_what_cannot_be_deleted_is_said(page: Page) -> None:
    page.evaluate(
        "() => { indexedDB.open('lesionlens.history').onsuccess = ({ target }) => { window.held = target.result; }; }"
    )
    page.wait_for_function("() => window.held")
    page.click("#history-delete")
    page.get_by_text("The kept answers could not be deleted").wait_for()
    page.evaluate("held.close()")


def test_a_full_disk_is_said_and_the_answer_is_shown(page: Page) -> None:
    page.evaluate(
        """() => { IDBObjectStore.prototype.put = function () {
          this.transaction.abort();
          throw new DOMException("", "QuotaExceededError");
        }; }"""
    )
    given: dict[str, Any] = answer(page, PHOTO)
    page.get_by_text("This browser keeps nothing for this page").wait_for()
    assert len(given) == 7


def test_an_answer_of_an_older_network_keeps_that_ones_line(page: Page) -> None:
    older = (
        "const j = kept.answered.judgement, m = j.malignant; kept.answered.name = 'older'; "
        "kept.answered.judgement = { ...j, malignant: { ...m, threshold: 0.99, isAbove: m.probability >= 0.99 } }"
    )
    put(page, 1, older)
    page.click("#history-switch")  # which shows what is kept by now
    page.get_by_text("older").wait_for()
    page.locator("#history [data-does=open]").first.click()
    page.wait_for_function("() => document.querySelector('#alarm-point').textContent.includes('99')")
