"""How networks are stored, and which networks the site has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Largest change of any probability that storing may cause.
LARGEST_CHANGE = {"mixed": 0.01, "float32": 0.00001}


@dataclass(frozen=True, slots=True)
class ExportConfig:
    weights: Literal["mixed", "float32"]


@dataclass(frozen=True, slots=True)
class SiteConfig:
    networks: tuple[str, ...]
    address: str
