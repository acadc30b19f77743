"""The allowed values of a setting, read from the type hint of its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

Seed = Annotated[int, (0, 2**32 - 1)]
Share = Annotated[float, (0, 1)]


@dataclass(frozen=True, slots=True)
class Setting:
    """The default of a setting and its allowed values.

    limits: from `Annotated[int, (1, 8)]`. words: from `Literal["relu", "elu"]`.
    """

    default: Any
    kind: type
    limits: tuple[float, float] | None = None
    words: tuple[Any, ...] | None = None


def setting_of(hint: Any, default: Any = None) -> Setting:
    """The setting that a hint describes."""
    if get_origin(hint) is Literal:
        return Setting(default, str, words=get_args(hint))
    if hasattr(hint, "__metadata__"):
        return Setting(default, hint.__origin__, limits=hint.__metadata__[0])
    return Setting(default, get_origin(hint) or hint)
