"""Checks each value in `config.toml` against the type hint of its field."""

from __future__ import annotations

import math
import sys
from typing import Any

from builder.errors import BuildError
from builder.setting import Setting, setting_of
from builder.wording import meant

MOST_SHOWN = 200  # signs of a value that is refused


def refuse_unknown(table: dict[str, Any], section: str, hints: dict[str, Any], where: str) -> None:
    """Raise a BuildError if the table has a key that is not in `hints`; where: the file the table is in."""
    if unknown := sorted(set(table) - set(hints)):
        raise BuildError(
            f"{where} [{section}]: unknown key {shown(unknown[0])}",
            remedy=f"{meant(unknown[0], hints)}{keys_of(hints)}",
        )


def keys_of(hints: dict[str, Any]) -> str:
    """The keys that a table may have, for an error message."""
    return f"Its keys are: {', '.join(hints)}"


def checked(name: str, value: Any, hint: Any) -> Any:
    """Return the value if the field's hint allows it (type, limits or words); raise a BuildError otherwise.

    name: the section and the key, for the error message.
    """
    return within(name, _list_of_words(value) if hint == tuple[str, ...] else value, setting_of(hint))


def within(name: str, value: Any, setting: Setting) -> Any:
    """Convert the value to the setting's type; raise a BuildError unless it is an allowed word or within the limits."""
    kind: Any = setting.kind
    if kind is float and type(value) is int:
        value = float(value) if abs(value) <= sys.float_info.max else math.inf
    wanted = None
    if type(value) is not kind:
        wanted = {
            int: "a whole number",
            float: "a number",
            str: "a word",
            bool: "true or false",
            tuple: 'a list of words, as ["compact", "cnn"]',
        }[kind]
    elif setting.words and value not in setting.words:
        wanted = f"one of: {', '.join(setting.words)}"
    elif setting.limits and not setting.limits[0] <= value <= setting.limits[1]:
        wanted = f"from {setting.limits[0]:g} to {setting.limits[1]:g}"
    elif kind is str and "\0" in value:
        wanted = "text without NUL"
    if wanted:
        raise BuildError(f"{name} is {shown(value)}", remedy=f"it must be {wanted}")
    return value


def shown(value: Any) -> str:
    """A value for an error message: on one line, shortened if it is long."""
    if type(value) is int and abs(value) > sys.maxsize:
        return "a number of very many digits"
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _list_of_words(value: Any) -> Any:
    """A tuple of words; on the command line, words separated by commas."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return tuple(value) if isinstance(value, list) and all(isinstance(word, str) for word in value) else value
