"""What a test can do in a browser of any make: open a page, ask it, click, and choose photos."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

WAIT_S = 120  # test machines are slow


class MissingEngine(Exception):
    """The machine lacks a program that the engine needs."""


class Engine(ABC):
    """One tab."""

    name: ClassVar[str]

    @abstractmethod
    def goto(self, address: str) -> None:
        """Open the page, and wait until all that it names is loaded."""

    @abstractmethod
    def errors(self) -> list[str]:
        """What the page's scripts did not expect, and what its policy forbade, since it was opened."""

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """What the expression gives on the page, awaited, as far as JSON can hold it."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Click the element with the mouse, once it can be seen."""

    @abstractmethod
    def choose(self, *photos: Path) -> None:
        """Put the files into the page's file input, as if a visitor had chosen them."""

    def wait_for(self, condition: str) -> None:
        ends = time.monotonic() + WAIT_S
        while not self.evaluate(condition):
            if time.monotonic() > ends:
                raise TimeoutError(condition)
            time.sleep(0.05)


def into_view(selector: str) -> str:
    """The expression that scrolls an element to where a mouse can reach it, and tells whether it is there."""
    return f"""(() => {{
      const element = document.querySelector({selector!r});
      element?.scrollIntoView({{ block: "center", behavior: "instant" }});
      return Boolean(element?.checkVisibility());
    }})()"""
