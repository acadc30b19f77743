"""What a person types, and how it is said what is wrong with it: the problem on one line, the remedy on the next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from builder.terminal import visible

PLAIN_WORD = re.compile(r"[a-z]+(?=[ ,;]|$)")  # and no name of a file, a setting or an option, which stays as it is


def two_lines(problem: str, remedy: str) -> str:
    """Problem and remedy as they are printed: two lines, whatever the names in them hold."""
    remedy = _capital(remedy)
    return f"{visible(_capital(problem))}\n{visible(remedy)}{'' if remedy.endswith(('.', '?', '!')) else '.'}"


def meant(word: str, known: Iterable[str]) -> str:
    """A question after the known word that a mistyped one is like, and a space; empty text where it is like none."""
    by_small = {each.casefold(): each for each in known}
    like = get_close_matches(word.casefold(), by_small, n=1)
    return f"Did you mean {by_small[like[0]]}? " if like else ""


def in_home(text: str) -> Path:
    """A path as typed; `~` is the home folder also where no shell has said so, as after `--data=`."""
    with suppress(RuntimeError):  # there is no such user
        return Path(text).expanduser()
    return Path(text)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:] if PLAIN_WORD.match(sentence) else sentence
