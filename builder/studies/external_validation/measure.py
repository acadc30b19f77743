"""The figures of the site's networks on a source, measured like those of the test part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.classes import CODES, INDEX_OF
from builder.config.evaluation import EvaluationConfig
from builder.data.anonymous import count_reasons, known_words, public_lesion_ids
from builder.data.gather import lesions_of
from builder.data.photo_list import ListedPhoto
from builder.data.sources.listing import DETAILS, LeftOut, Listing
from builder.data.store import Strings, count_by_class
from builder.evaluate.bootstrap import LesionBootstrap
from builder.evaluate.predictions import Predictions
from builder.evaluate.stage import measure
from builder.formatting import commonest
from builder.studies.external_validation.answers import Answered, Answers
from builder.studies.external_validation.overlap import Known, count_known

SCHEMA = "evaluation.schema.json"


class Source:
    """The answered photos of a source, without private names."""

    def __init__(self, listing: Listing, answered: Answered) -> None:
        entries = answered.entries
        lesions, self.near_identical = lesions_of(
            entries, answered.likeness, all(entry.lesion_id for entry in listing.entries)
        )
        self.listing = listing
        self.left_out: list[LeftOut] = [*listing.left_out, *answered.left_out, *listing.passed_over]
        self.codes = [entry.code for entry in entries]
        self.labels = np.array([INDEX_OF[code] for code in self.codes], dtype=np.int64)
        self.lesion_ids = public_lesion_ids(answered.image_ids, lesions)
        self.photos = [
            ListedPhoto(image_id, lesion_id, "", pixels, likeness)
            for image_id, lesion_id, pixels, likeness in zip(
                answered.image_ids, self.lesion_ids, answered.pixels, answered.likeness, strict=True
            )
        ]
        columns = zip(*(entry.details for entry in entries), strict=True)
        self.details: dict[str, Strings] = {
            name: np.array(known_words(column)) for name, column in zip(DETAILS, columns, strict=True)
        }

    def describe(self) -> dict[str, Any]:
        """`data` of evaluation.schema.json."""
        by_class = count_by_class(self.labels)
        labels = self.listing.unknown_labels
        return {
            "source": self.listing.source,
            "title": self.listing.title,
            "licence": self.listing.licence,
            "citation": self.listing.citation,
            "notes": self.listing.notes,
            "photos": len(self.codes),
            "lesions": len(set(self.lesion_ids)),
            "near_identical": self.near_identical,
            "by_class": by_class,
            "missing_classes": [code for code in CODES if not by_class[code]],
            "other_labels": [
                {"label": said, "photos": labels[label]}
                for label, said in zip(sorted(labels), known_words(sorted(labels)), strict=True)
            ],
            "left_out": count_reasons(self.left_out),
        }


def measure_network(
    answers: Answers,
    source: Source,
    report: Mapping[str, Any],
    card: Mapping[str, Any],
    known: Sequence[Known] | None,
) -> dict[str, Any]:
    """Every figure of one network: `networks.<name>` of evaluation.schema.json.

    report: the site's report.json, which has the frozen thresholds and levels. card: the network's card.
    known: from `find_known`, or None if there is no list of the network's photos.
    """
    frozen = report["networks"][card["name"]]
    rules = rules_of(report)
    point = frozen["malignant"]["operating_point"]
    predictions = Predictions(np.stack(answers.probabilities), source.labels)
    lesions = np.array(source.lesion_ids)
    bootstrap = LesionBootstrap(lesions, rules.resamples, rules.seed)
    calibration = {
        "temperature": frozen["calibration"]["temperature"],
        "operating_point": point and {key: point[key] for key in ("threshold", "aimed_sensitivity", "validation")},
        "sureness": [
            {key: level[key] for key in ("level", "from", "aimed_right", "validation")}
            for level in frozen["sureness"]["levels"]
        ],
    }
    majority = INDEX_OF[commonest(report["data"]["parts"]["training"]["by_class"])]
    return {
        "title": frozen["title"],
        "version": card["version"],
        **measure(predictions, lesions, source.details, majority, calibration, rules),
        "decisions": _measure_decisions(predictions, answers.decision, bootstrap),
        "overlap": None if known is None else count_known(known),
    }


def rules_of(report: Mapping[str, Any]) -> EvaluationConfig:
    """The settings by which the figures of the site's report were measured."""
    return EvaluationConfig(**report["config"]["evaluation"])


def _measure_decisions(
    predictions: Predictions, decisions: Sequence[str], bootstrap: LesionBootstrap
) -> dict[str, Any]:
    """The shares of photos that the page would refuse as out-of-distribution, answer, or answer with "not sure"."""
    decision = np.array(decisions)
    everyone = np.ones(len(decision), dtype=bool)
    is_refused, is_answered = decision == "not-a-lesion", decision == "answer"
    return {
        "not_a_lesion": bootstrap.share(is_refused, everyone),
        "not_a_lesion_of_malignant": bootstrap.share(is_refused, predictions.is_malignant),
        "not_sure": bootstrap.share(decision == "not-sure", everyone),
        "answer": bootstrap.share(is_answered, everyone),
        "right_of_answers": bootstrap.share(predictions.is_right, is_answered),
    }
