"""How dark the cells of a confusion matrix are, and which mistake is the commonest."""

from __future__ import annotations

import math
from collections.abc import Sequence

SHADES = 10  # steps of a cell's shade, one CSS class each: a strict policy allows no style attribute


def shade(part: int, row: Sequence[int]) -> int:
    """How dark a cell is, 0 to SHADES, by its share of the row; what is not empty is never without shade."""
    total = sum(row)
    return math.ceil(part / total * SHADES) if total else 0


def mostly_taken_for(row: Sequence[int], index: int) -> int | None:
    """The other class that most photos of this row were taken for; None where there was no mistake."""
    others = [(-count, other) for other, count in enumerate(row) if other != index and count > 0]
    return min(others)[1] if others else None
