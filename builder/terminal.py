"""Text that came from outside, as a terminal may have it: names of files, ids of tables, reports of others."""

from __future__ import annotations

import io
import sys
from unicodedata import category

# Between letters of Persian and of Indian scripts, and in emoji: these change no order and hide nothing.
JOINERS = "\u200c\u200d"


def visible(text: object) -> str:
    """One line of text, with all that a terminal would obey or not show written out, as `repr` does.

    That is ESC and other control characters, ends of lines too, marks that turn the direction of what follows, and
    bytes of a name that are no text.
    """
    return "".join(
        sign if sign.isprintable() or sign in JOINERS or category(sign) == "Zs" else _escape(sign) for sign in str(text)
    )


def visible_lines(text: str) -> str:
    """The same of several lines."""
    return "\n".join(map(visible, text.split("\n")))


def accept_any_text() -> None:
    """Let both streams write out what their encoding has no sign for: a Windows code page has few."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
