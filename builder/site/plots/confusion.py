"""The shades of a confusion matrix, and its most common mistakes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

SHADES = 10  # steps of a cell's shade, one CSS class each: a strict policy allows no style attribute


def shade(part: int, row: Sequence[int]) -> int:
    """The shade of a cell, 0 to SHADES, by its share of the row; at least 1 if the cell is not empty."""
    total = sum(row)
    return math.ceil(part / total * SHADES) if total else 0


def mostly_taken_for(row: Sequence[int], index: int) -> int | None:
    """The most common wrong class for the photos of this row; None if there was no mistake."""
    others = [(-count, other) for other, count in enumerate(row) if other != index and count > 0]
    return min(others)[1] if others else None


def classes_never_named(
    confusion: Sequence[Sequence[int]], classes: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The classes that were not predicted for any photo."""
    return [each for each in classes if not any(row[each["index"]] for row in confusion)]
