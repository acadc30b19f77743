"""Every state of the page, on phone and desktop, light and dark: nothing that axe finds, and words that make sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builder.classes import CLASSES, LesionClass
from builder.data.demo.draw import draw_demo_photos
from builder.site.class_facts import FACTS
from tests.conftest import Build
from tests.visiting import DESKTOP, PHONE, answer, choose, png, settle, spot_photo, violations, visit

PHOTO = png(spot_photo(400, 300))
OTHER = png(spot_photo(400, 300, radius=90))
PAINTED = "() => document.querySelector('#heat').toDataURL()"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_state_violates_what_axe_checks(browser: Browser, demo_build: Build, scheme: str, device: Any) -> None:
    # Without motion, or axe would measure the colours that a button has while it changes them.
    options = {"color_scheme": scheme, "reduced_motion": "reduce", "permissions": ["camera"], **device}
    with visit(browser, demo_build.site, **options) as page:
        assert violations(page) == [], "ready"
        page.click("#camera-open")
        page.wait_for_selector("#camera-shutter:enabled")
        assert violations(page) == [], "camera"
        page.keyboard.press("Escape")
        choose(page, b"no photo")
        page.wait_for_selector("main[data-state=error]")
        assert violations(page) == [], "error"
        answer(page, PHOTO)
        assert violations(page) == [], "answer"
        page.focus("#frame")
        page.keyboard.press("+")
        settle(page)
        page.click("#heat-switch")
        page.wait_for_selector("#heat:visible")
        assert violations(page) == [], "framed, with a heat map"
        page.click("#history-switch")
        choose(page, PHOTO, b"no photo", OTHER)
        page.wait_for_selector("main[data-state=result]")
        ticks = page.locator("#collection tbody input:enabled")
        ticks.nth(0).check()
        ticks.nth(1).check()
        page.click("#collection [data-does=pair]")
        page.click("#collection [data-sort=together]")
        page.wait_for_selector("#history tbody tr")
        assert violations(page) == [], "several, side by side, and kept"
        page.locator("#collection [data-does=open]").first.click()
        page.wait_for_selector("#answer:visible")
        assert violations(page) == [], "opened from several"


# Puts a record beside the first that is kept, made from it; returns its name.
KEEP_JUDGED = """async ([verdict, isAbove, likeliest]) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const { classes } = JSON.parse(document.querySelector("#site").textContent);
  const database = await asked(indexedDB.open("lesionlens.history", 1));
  const store = () => database.transaction("answers", "readwrite").objectStore("answers");
  const [kept] = await asked(store().getAll());
  const { answered } = kept;
  if (likeliest !== null) {
    answered.probabilities = classes.map(({ index }) => (index === likeliest ? 0.88 : 0.02));
    answered.likeliest = classes[likeliest].code;
  }
  const shares = classes.map(({ index, is_malignant }) => is_malignant * answered.probabilities[index]);
  const probability = shares.reduce((sum, share) => sum + share, 0);
  const malignant = { ...answered.judgement.malignant, probability, threshold: isAbove ? 0 : 1, isAbove };
  answered.judgement = { ...answered.judgement, verdict, malignant };
  answered.name = `judged ${crypto.randomUUID()}`;
  await asked(store().add(kept));
  database.close();
  return answered.name;
}"""


def show_judged(page: Page, verdict: str, *, is_above: bool = False, likeliest: int | None = None) -> None:
    """Open a kept photo whose answer came with this verdict.

    is_above: whether the malignant classes are above their threshold together. likeliest: index of a class.
    """
    page.wait_for_selector("#history tbody tr")
    name = page.evaluate(KEEP_JUDGED, [verdict, is_above, likeliest])
    page.click("#history-switch")
    page.click("#history-switch")  # on again; each shows what is kept by now
    page.locator("#history tbody tr", has_text=name).locator("[data-does=open]").click()
    settle(page)


@pytest.fixture(scope="module")
def page(browser: Browser, demo_build: Build) -> Iterator[Page]:
    """A visit whose answers are kept."""
    with visit(browser, demo_build.site) as page:
        page.click("#history-switch")
        yield page


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_no_hurry_is_never_said_beside_an_alarm(page: Page, kind: LesionClass) -> None:
    answer(page, PHOTO)
    is_calm = FACTS[kind.code].urgency == "changes"
    for is_above in (False, True):
        show_judged(page, "answer", is_above=is_above, likeliest=kind.index)
        about = page.locator(f"[data-about={kind.code}]:visible")
        assert about.count() == 1
        assert ("No hurry" in about.inner_text()) == (is_calm and not is_above)
        assert ("Show the spot to a doctor" in page.inner_text("#alarm")) == is_above


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("answer", "Looks most like: "),
        ("not-sure", "The network is not sure"),
        ("not-a-lesion", "This does not look like a photo of a skin spot"),
    ],
)
def test_every_verdict_is_an_answer_of_its_own_and_is_said_aloud(page: Page, verdict: str, words: str) -> None:
    answer(page, PHOTO)
    show_judged(page, verdict)
    assert page.get_attribute("#answer", "data-verdict") == verdict
    assert words.strip() in page.inner_text("#answer-top")
    assert words in page.inner_text("#announcer")
    assert page.locator("[data-about]:visible").count() == (verdict == "answer")
    assert page.locator("#kinds").is_visible() == (verdict != "not-a-lesion")
    assert violations(page) == []
    if verdict == "not-a-lesion":
        page.click("#show-numbers")
        assert page.locator("[data-code]:visible").count() == 7
        assert page.evaluate("document.activeElement.id") == "answer-top"


def test_the_heat_map_is_off_until_it_is_wanted_and_follows_the_frame(browser: Browser, demo_build: Build) -> None:
    drawn = png(draw_demo_photos(1, 88, width_px=120, height_px=90)[0].pixels)  # what is no lesion photo has no map
    with visit(browser, demo_build.site) as page:
        answer(page, drawn)
        assert page.locator("#heat").is_hidden() and page.locator("#heat-caption").is_hidden()
        page.click("#heat-switch")
        page.wait_for_selector("#heat:visible")
        assert "does not show what is ill" in page.inner_text("#heat-caption")
        before = page.evaluate(PAINTED)
        page.click("[data-does=turn-right]")
        assert page.locator("#heat").is_hidden()
        page.wait_for_selector("#heat:visible")
        assert page.evaluate(PAINTED) != before
        page.click("#heat-switch")
        assert page.locator("#heat").is_hidden() and page.locator("#heat-caption").is_hidden()
