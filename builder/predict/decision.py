"""Decides what the page and `predict` say about a photo: from probabilities and the card's limits to codes.

The page does the same in `web_template/js/answer/decision.js`; the two must agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.classes import CLASSES
from builder.photo.quality import Measures, quality_codes


def decide(
    probabilities: Sequence[float], ood_score: float, quality: Measures, limits: Mapping[str, Any]
) -> dict[str, Any]:
    """Decide what may be said of one photo; limits: the `judgement` of the card.

    probabilities: one per class. ood_score: how unlike the training photos it is. Returns `verdict` ("answer",
    "not-sure" or "not-a-lesion"), `sureness`, `right_of_100`, `malignant` and `quality`.
    """
    highest = max(probabilities)
    level = next(level for level in limits["sureness"] if highest >= level["from"])
    together = sum(probabilities[kind.index] for kind in CLASSES if kind.is_malignant)
    point = limits["operating_point"]
    return {
        "verdict": _verdict(ood_score, limits["scope"]["threshold"], level["level"]),
        "sureness": level["level"],
        "right_of_100": level["right_of_100"],
        "malignant": {
            "probability": together,
            "threshold": point["threshold"],
            "is_above": together >= point["threshold"],
            "sensitivity": point["sensitivity"],
            "specificity": point["specificity"],
        },
        "quality": quality_codes(quality, limits["quality"]),
    }


def _verdict(ood_score: float, threshold: float, sureness: str) -> str:
    if not ood_score <= threshold:  # so that NaN is no lesion photo either
        return "not-a-lesion"
    return "not-sure" if sureness == "not-sure" else "answer"
