"""Shows the progress of a long step: a bar in a terminal, an occasional line in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from builder.terminal import visible, visible_lines


class _PlainConsole(Console):
    """Prints text unchanged: without rich's markup and emoji, and without terminal control sequences."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(visible_lines(text) if isinstance(text, str) else text for text in objects), **options)


console = _PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True)

LOG_EVERY_S = 15.0  # often enough to see that it lives, seldom enough for a log

# Called as advance(steps, "what it is at"): the text may be left out.
Advance = Callable[..., None]


@contextmanager
def steps(doing: str, total: int, *, done: int = 0, in_bytes: bool = False) -> Iterator[Advance]:
    """Show `doing` with `total` steps, `done` of them already done; yields the function that counts further steps.

    in_bytes: each step is a byte, shown in megabytes.
    """
    show = _bar if console.is_terminal else _log
    with show(visible(doing), total, done, in_bytes) as advance:
        yield advance


@contextmanager
def _bar(doing: str, total: int, done: int, in_bytes: bool) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description:<30}", markup=False), BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(doing, total=total, completed=done, note="")

        def advance(count: int = 1, note: str | None = None) -> None:
            progress.update(task, advance=count)
            if note is not None:
                progress.update(task, note=visible(note))

        yield advance


@contextmanager
def _log(doing: str, total: int, done: int, in_bytes: bool) -> Iterator[Advance]:
    started = last = time.monotonic()
    at, latest = done, ""

    def state() -> str:
        return f"{at / 1e6:.0f} of {total / 1e6:.0f} MB" if in_bytes else f"{at} of {total}"

    def line() -> None:
        elapsed = time.monotonic() - started
        left = elapsed / max(at - done, 1) * (total - at)
        console.print(f"{doing}: {state()}, {elapsed:.0f} s, about {left:.0f} s left{latest and '  ' + latest}")

    def advance(count: int = 1, note: str | None = None) -> None:
        nonlocal at, last, latest
        at += count
        latest = note if note is not None else latest
        if time.monotonic() - last >= LOG_EVERY_S:
            last = time.monotonic()
            line()

    yield advance
    elapsed = time.monotonic() - started
    console.print(f"{doing}: {state()} in {elapsed:.1f} s{latest and '  ' + latest}")
