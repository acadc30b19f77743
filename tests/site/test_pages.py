"""The pages around the app: complete in every language, readable without scripts, and known to search engines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from builder.classes import CLASSES
from builder.folders import TEMPLATES
from builder.site.class_facts import DRAWING_PX, FACTS
from builder.site.languages import ENGLISH, LANGUAGES, Language
from builder.site.messages import load_messages
from builder.site.render import IN_ALL_LANGUAGES
from tests.conftest import Build, run_build_py

MESSAGES = load_messages(TEMPLATES / "messages")
ADDRESS = "https://example.org/lens/"
SOURCES = ("https://doi.org/", "https://arxiv.org/", "https://www.aad.org/", "https://www.bad.org.uk/",
           "https://dermnetnz.org/", "https://www.nhs.uk/")  # fmt: skip
EVERY_PAGE = [(name, language) for name in IN_ALL_LANGUAGES for language in LANGUAGES]
IDS = [f"{language.code}-{name}" for name, language in EVERY_PAGE]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Without scripts: these pages are for reading."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def go(page: Page, serve: Callable[[Path], str], demo_build: Build) -> Callable[..., Page]:
    def to(name: str, language: Language = ENGLISH) -> Page:
        response = page.goto(f"{serve(demo_build.site)}/{path_of(name, language)}")
        assert response is not None and response.ok
        return page

    return to


def path_of(name: str, language: Language) -> str:
    return name if language is ENGLISH else f"{language.code}/{name}"


def head(page: Page) -> dict[str, str]:
    """What the page tells search engines and link previews."""
    tags = page.locator("meta[name], meta[property]")
    names = [tag.get_attribute("name") or tag.get_attribute("property") or "" for tag in tags.all()]
    return {name: tag.get_attribute("content") or "" for name, tag in zip(names, tags.all(), strict=True)}


@pytest.mark.parametrize(("name", "language"), EVERY_PAGE, ids=IDS)
def test_every_page_says_what_it_is(go: Callable[..., Page], name: str, language: Language) -> None:
    page = go(name, language)
    assert (page.get_attribute("html", "lang"), page.get_attribute("html", "dir")) == (language.tag, language.direction)
    assert page.locator("h1").count() == 1 and page.locator("main").count() == 1
    told = head(page)
    assert told["og:title"] == page.title() and told["og:description"] == told["description"]
    assert 30 < len(told["description"]) < 200 or language.code == "zh"
    # They need a full address.
    assert "og:image" not in told and page.locator("link[rel=canonical], link[rel=alternate]").count() == 0
    assert "lesionlens" in page.title()


def test_titles_and_descriptions_tell_the_pages_apart(go: Callable[..., Page]) -> None:
    told = [(go(name, language).title(), head(go(name, language))["description"]) for name, language in EVERY_PAGE]
    assert len({title for title, _ in told}) == len({text for _, text in told}) == len(EVERY_PAGE)


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_every_link_leads_somewhere(go: Callable[..., Page], demo_build: Build, language: Language) -> None:
    folder = demo_build.site.as_uri() + "/"
    anchors: dict[str, set[str]] = {}
    for name in IN_ALL_LANGUAGES:
        page = go(name, language)
        for address in {link.get_attribute("href") or "" for link in page.locator("[href]").all()}:
            if address.startswith(SOURCES):
                continue
            assert "://" not in address and not address.startswith("/"), address
            target, anchor = urldefrag(urljoin(folder + path_of(name, language), address))
            file = demo_build.site / target.removeprefix(folder)
            assert file.is_file(), f"{name} links to {address}"
            if anchor:
                ids = anchors.setdefault(target, set(re.findall(r'\bid="([^"]+)"', file.read_text(encoding="utf-8"))))
                assert anchor in ids, f"{name} links to {address}"


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_every_kind_is_explained(go: Callable[..., Page], language: Language) -> None:
    page, own = go("kinds.html", language), MESSAGES[language.code]
    for kind in CLASSES:
        section = page.locator(f"section[aria-labelledby={kind.code}]")
        said = section.inner_text()
        for key in ("name", "group", "what", "looks", "when"):
            assert own[f"kind.{kind.code}.{key}"] in said
        assert own[f"urgency.{FACTS[kind.code].urgency}"] in said
        assert own[f"kinds.{kind.code}.drawing"] in section.locator("figure").inner_text()
        assert section.locator(".sources a").count() >= 2
    assert page.locator(".warnings li").count() == 5


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.code for language in LANGUAGES])
def test_without_scripts_the_app_says_what_it_needs(go: Callable[..., Page], language: Language) -> None:
    page, own = go("index.html", language), MESSAGES[language.code]
    assert own["noscript.title"] in page.inner_text("main") and own["noscript.report"] in page.inner_text("main")
    assert not page.locator("#chooser").is_visible()


def test_an_unknown_address_is_told_in_every_language(go: Callable[..., Page], demo_build: Build) -> None:
    page = go("404.html")
    for language in LANGUAGES:
        assert MESSAGES[language.code]["missing.title"] in page.inner_text("main")
    for link in page.locator("main a[hreflang]").all():
        assert (demo_build.site / str(link.get_attribute("href"))).is_file()


def test_how_soon_to_see_a_doctor_fits_the_kind() -> None:
    for kind in CLASSES:
        assert (FACTS[kind.code].urgency in {"days", "weeks"}) == kind.is_malignant
    assert FACTS["mel"].urgency == "days"


def test_the_drawings_are_there_and_differ(demo_build: Build) -> None:
    pictures = [demo_build.site / "pictures" / f"{kind.code}.webp" for kind in CLASSES]
    assert len({picture.read_bytes() for picture in pictures}) == len(CLASSES)
    for picture in pictures:
        with Image.open(picture) as opened:
            assert opened.size == DRAWING_PX
        assert picture.stat().st_size < 60_000


def test_the_page_about_limits_claims_what_the_report_says(go: Callable[..., Page], demo_build: Build) -> None:
    said = go("how.html").inner_text("main")
    data, test = demo_build.report["data"], demo_build.report["networks"][demo_build.first_network]["test"]
    for part in ("training", "validation", "test"):
        assert f"{data['parts'][part]['photos']:,}" in said
    assert f"{round(100 * test['accuracy']['value'])} of 100" in said
    assert data["title"] in said


@pytest.fixture(scope="module")
def addressed(tmp_path_factory: pytest.TempPathFactory, demo_build: Build) -> Path:
    """The same site, told where it will be."""
    site = tmp_path_factory.mktemp("addressed") / "site"
    done = run_build_py("--work", demo_build.work, "--site", site, "--set", f"site.address={ADDRESS.rstrip('/')}")
    assert done.returncode == 0, done.stderr
    return site


def test_the_sitemap_names_every_page_in_every_language(addressed: Path) -> None:
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    entries = ElementTree.parse(addressed / "sitemap.xml").getroot().findall("s:url", names)
    places = [str(entry.findtext("s:loc", namespaces=names)) for entry in entries]
    assert len(places) == len(set(places)) == len(EVERY_PAGE) + 2  # a report for each network
    for place in places:
        path = place.removeprefix(ADDRESS)
        assert path != place and (addressed / path).exists()
    assert len(entries[0].findall("x:link", names)) == len(LANGUAGES)
    assert f"Sitemap: {ADDRESS}sitemap.xml" in (addressed / "robots.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "canonical"),
    [("index.html", ADDRESS), ("de/index.html", f"{ADDRESS}de/"), ("ar/kinds.html", f"{ADDRESS}ar/kinds.html"),
     ("report.html", f"{ADDRESS}report.html")],
)  # fmt: skip
def test_previews_and_search_engines_get_full_addresses(page: Page, addressed: Path, file: str, canonical: str) -> None:
    page.goto((addressed / file).as_uri())
    told = head(page)
    assert page.get_attribute("link[rel=canonical]", "href") == told["og:url"] == canonical
    assert told["og:image"] == f"{ADDRESS}preview.png" and told["twitter:card"] == "summary_large_image"
    with Image.open(addressed / "preview.png") as preview:
        assert preview.size == (int(told["og:image:width"]), int(told["og:image:height"]))
    alternates = [link.get_attribute("href") or "" for link in page.locator("link[rel=alternate]").all()]
    assert all(each.startswith(ADDRESS) for each in alternates)
    assert len(alternates) == (0 if file == "report.html" else len(LANGUAGES) + 1)  # and one for everybody else


def test_an_address_that_is_none_is_refused(demo_build: Build, tmp_path: Path) -> None:
    done = run_build_py("--work", demo_build.work, "--site", tmp_path / "site", "--set", "site.address=example.org")
    assert done.returncode == 1
    assert "site.address" in done.stderr and "https://" in done.stderr


def test_the_app_pages_carry_only_what_their_scripts_say(demo_build: Build) -> None:
    kinds: Any = (demo_build.site / "kinds.html").read_text(encoding="utf-8")
    app = (demo_build.site / "index.html").read_text(encoding="utf-8")
    assert 'id="words"' in app and 'id="words"' not in kinds
    assert "privacy.loaded" not in app and "photo.broken" in app
