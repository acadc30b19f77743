"""The suite's own Chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.engines.engine import WAIT_S, Engine
from tests.visiting import METERED


class Chromium(Engine):
    name = "Chromium"

    def __init__(self, page: Page) -> None:
        self._page = page
        self._errors: list[str] = []
        page.set_default_timeout(1000 * WAIT_S)
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", self._hear)

    def goto(self, address: str) -> None:
        self._errors.clear()
        self._page.goto(address)

    def errors(self) -> list[str]:
        return self._errors

    def evaluate(self, expression: str) -> Any:
        return self._page.evaluate(expression)

    def click(self, selector: str) -> None:
        self._page.click(selector)

    def choose(self, *photos: Path) -> None:
        self._page.set_input_files("#photo", photos)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append(message.text)


@contextmanager
def started(browser: Browser) -> Iterator[Chromium]:
    """A tab of the browser with nothing kept from others, until the end."""
    context = browser.new_context()
    context.add_init_script(METERED)
    yield Chromium(context.new_page())
    context.close()
