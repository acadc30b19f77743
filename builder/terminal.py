"""Makes text from outside safe to print: names of files, ids in tables, reports of others."""

from __future__ import annotations

import io
import sys
from unicodedata import category

# Between letters of Persian and of Indian scripts, and in emoji: these change no order and hide nothing.
JOINERS = "\u200c\u200d"


def visible(text: object) -> str:
    """One line of text in which everything that a terminal would obey or hide is escaped, as `repr` does.

    Escaped are ESC and other control characters, line ends, characters that change the direction of text, and bytes
    that are not valid text.
    """
    return "".join(
        sign if sign.isprintable() or sign in JOINERS or category(sign) == "Zs" else _escape(sign) for sign in str(text)
    )


def visible_lines(text: str) -> str:
    """The same for several lines."""
    return "\n".join(map(visible, text.split("\n")))


def accept_any_text() -> None:
    """Let both output streams escape characters that their encoding lacks: a Windows code page has few."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
