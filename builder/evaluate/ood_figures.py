"""How well the detector separates lesion photos from other pictures, on photos it was not fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.config.evaluation import EvaluationConfig
from builder.evaluate.bootstrap import LesionBootstrap, interval
from builder.evaluate.ranking import roc_auc

Scores = NDArray[np.float64]

TITLES = {
    "photographs": "Photographs of other things",
    "noise": "Drawn noise",
    "text": "Text",
    "plain_skin": "Bare skin, nothing on it",
    "blurred": "Blur",
    "dark": "Little light",
    "warm_light": "Warm light",
    "cold_light": "Cold light",
    "small": "Half the size",
    "turned": "Turned by 30 degrees",
}


def measure_detector(
    lesions: Scores,
    lesion_ids: NDArray[np.str_],
    others: dict[str, tuple[Scores, NDArray[np.int64]]],
    worse: dict[str, Scores],
    rules: EvaluationConfig,
) -> dict[str, Any]:
    """The figures that report.schema.json describes under `scope`.

    lesions: (photos,) OOD scores of the test photos; above 1, a photo is refused. others: by kind, the scores and which
    pictures are crops of one source. worse: by type of damage, the scores of the first test photos, made worse.
    """
    everyone = np.ones(len(lesions), dtype=bool)
    bootstrap = LesionBootstrap(lesion_ids, rules.resamples, rules.seed)
    return {
        "refused_lesion_photos": bootstrap.share(lesions > 1, everyone),
        "other_things": [
            {
                "kind": TITLES[kind],
                **_told_apart(lesions, lesion_ids, scores, np.char.add("picture ", source.astype(str)), rules),
            }
            for kind, (scores, source) in others.items()
        ],
        "shifted": [
            {
                "kind": TITLES[way],
                **_told_apart(
                    lesions[: len(scores)], lesion_ids[: len(scores)], scores, lesion_ids[: len(scores)], rules
                ),
            }
            for way, scores in worse.items()
        ],
    }


def _told_apart(
    lesions: Scores, lesion_ids: NDArray[np.str_], others: Scores, sources: NDArray[np.str_], rules: EvaluationConfig
) -> dict[str, Any]:
    """Area under the ROC curve and share refused; resamples draw lesions and source pictures, not photos and crops."""
    scores = np.concatenate([lesions, others])
    is_other = np.arange(len(scores)) >= len(lesions)
    bootstrap = LesionBootstrap(np.concatenate([lesion_ids, sources]), rules.resamples, rules.seed)
    refused = bootstrap.share(scores > 1, is_other)
    return {
        "photos": len(others),
        "sources": len(np.unique(sources)),
        "auroc": interval(bootstrap.rows(roc_auc(scores, is_other))),
        "refused": refused["value"],
        "refused_low": refused["low"],
        "refused_high": refused["high"],
    }
