"""How dark the cells of a confusion matrix are, and which mistake is the commonest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

SHADES = 10  # steps of a cell's shade, one CSS class each: a strict policy allows no style attribute


def shade(part: int, row: Sequence[int]) -> int:
    """How dark a cell is, 0 to SHADES, by its share of the row; what is not empty is never without shade."""
    total = sum(row)
    return math.ceil(part / total * SHADES) if total else 0


def mostly_taken_for(row: Sequence[int], index: int) -> int | None:
    """The other class that most photos of this row were taken for; None where there was no mistake."""
    others = [(-count, other) for other, count in enumerate(row) if other != index and count > 0]
    return min(others)[1] if others else None


def classes_never_named(
    confusion: Sequence[Sequence[int]], classes: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The classes that were the answer to no photo."""
    return [each for each in classes if not any(row[each["index"]] for row in confusion)]
