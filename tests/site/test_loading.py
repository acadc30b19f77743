"""The network on its way into the built site's page: told in bytes, waited for, tried again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.conftest import Build
from tests.visiting import (
    LAST_SHARD,
    answer,
    choose,
    hold,
    let_go,
    rows,
)


def test_loading_is_told_in_real_bytes(http: str, context: BrowserContext, demo_build: Build) -> None:
    page = context.new_page()
    total = demo_build.report["networks"][demo_build.first_network]["export"]["bytes"]
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    shard = (demo_build.site / "model" / demo_build.first_network / LAST_SHARD.removeprefix("**/")).stat().st_size
    page.wait_for_function(
        f"() => Math.abs(document.querySelector('#status-bar').value - {(total - shard) / total}) < 1e-6"
    )
    assert page.get_attribute("main", "data-state") == "loading"
    assert f"of {int(total / 1e6 + 0.5)} MB" in page.inner_text("#status-text")
    let_go(page, held)
    page.wait_for_selector("main[data-state=ready]")
    assert "ready" in page.inner_text("#status-text")


def test_a_photo_chosen_while_the_network_loads_is_answered_afterwards(
    http: str, context: BrowserContext, photos: list[Path]
) -> None:
    page = context.new_page()
    held = hold(page, LAST_SHARD)
    page.goto(f"{http}index.html")
    page.wait_for_function("() => document.querySelector('#status-bar').value > 0")
    choose(page, photos[0].read_bytes(), names=(photos[0].name,))
    assert page.get_attribute("main", "data-state") == "loading"
    assert photos[0].name in page.inner_text("main")
    let_go(page, held)
    page.wait_for_selector("main[data-state=result]")
    assert len(rows(page)) == 7


def test_a_network_that_cannot_be_loaded_is_told_and_can_be_tried_again(
    http: str, context: BrowserContext, photos: list[Path]
) -> None:
    page = context.new_page()
    page.route(LAST_SHARD, lambda route: route.fulfill(status=503))
    page.goto(f"{http}index.html")
    page.wait_for_selector("main[data-state=error]")
    assert "Try again" in page.inner_text("[role=alert]")
    page.unroute(LAST_SHARD)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("main[data-state=ready]")
    assert len(answer(page, photos[0].read_bytes())) == 7
