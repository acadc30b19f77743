"""The figures by what the source says about its photos: sex, age, body site and so on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import INDEX_OF
from builder.config.evaluation import EvaluationConfig
from builder.evaluate.bootstrap import NOT_MEASURED, Flags, LesionBootstrap, interval
from builder.evaluate.discrimination import balanced_accuracy_rows
from builder.evaluate.predictions import Predictions
from builder.evaluate.ranking import roc_auc

Strings = NDArray[np.str_]

TITLES = {
    "sex": "Sex",
    "age": "Age in years",
    "localization": "Body site",
    "dx_type": "How the diagnosis was confirmed",
    "dataset": "Source of the photo",
    "skin_tone": "Skin tone (Fitzpatrick)",
    "hair": "Hair in the photo",
}
AGE_BANDS = ((0, "under 30"), (30, "30 to 44"), (45, "45 to 59"), (60, "60 to 74"), (75, "75 and over"))
UNKNOWN = ("", "unknown")  # HAM10000 has both


def measure_subgroups(
    predictions: Predictions, details: Mapping[str, Strings], rules: EvaluationConfig, bootstrap: LesionBootstrap
) -> dict[str, Any]:
    """The figures of each subgroup; details: a column (photos,) for each known entry of TITLES."""
    known = [name for name in TITLES if name in details and not np.isin(details[name], UNKNOWN).all()]
    return {
        "fewest_lesions": rules.fewest_lesions,
        "fewest_lesions_a_side": rules.fewest_lesions_a_side,
        "attributes": [_attribute(name, details[name], predictions, rules, bootstrap) for name in known],
    }


def age_band(age: str) -> str:
    """The age band of an age in years as written in a table ("45.0"); "" if it is not a number."""
    try:
        years = float(age)
    except ValueError:
        return ""
    return next((band for start, band in reversed(AGE_BANDS) if years >= start), "")


def _attribute(
    name: str, column: Strings, predictions: Predictions, rules: EvaluationConfig, bootstrap: LesionBootstrap
) -> dict[str, Any]:
    values = np.array([age_band(age) for age in column.tolist()]) if name == "age" else column
    is_unknown = np.isin(values, UNKNOWN)
    names, counts = np.unique(values[~is_unknown], return_counts=True)
    order = names[np.argsort(-counts, kind="stable")].tolist()
    if name == "age":
        order = [band for _, band in AGE_BANDS if band in names]
    elif name == "skin_tone":
        order = sorted(order)  # Roman numerals up to VI are in the order of the alphabet
    return {
        "attribute": name,
        "title": TITLES[name],
        "unknown_photos": int(is_unknown.sum()),
        "groups": [_group(group, values == group, predictions, rules, bootstrap) for group in order],
    }


def _group(
    name: str, photos: Flags, predictions: Predictions, rules: EvaluationConfig, bootstrap: LesionBootstrap
) -> dict[str, Any]:
    is_melanoma = predictions.labels == INDEX_OF["mel"]
    lesions = bootstrap.lesions(photos)
    group: dict[str, Any] = {
        "name": name,
        "photos": int(photos.sum()),
        "lesions": lesions,
        "malignant_photos": int((photos & predictions.is_malignant).sum()),
        "melanoma_photos": int((photos & is_melanoma).sum()),
        "too_few": lesions < rules.fewest_lesions,
    }
    if group["too_few"]:
        return group

    def are_enough(of_side: Flags) -> bool:
        return bootstrap.lesions(photos & of_side) >= rules.fewest_lesions_a_side

    both_sides = are_enough(predictions.is_malignant) and are_enough(~predictions.is_malignant)
    auc = roc_auc(predictions.malignant_score[photos], predictions.is_malignant[photos])
    found = predictions.predicted == INDEX_OF["mel"]
    return {
        **group,
        "accuracy": bootstrap.share(predictions.is_right, photos),
        "balanced_accuracy": interval(balanced_accuracy_rows(predictions, bootstrap, photos)),
        "malignant_auc": interval(bootstrap.rows(auc, photos)) if both_sides else dict(NOT_MEASURED),
        "melanoma_sensitivity": bootstrap.share(found, photos & is_melanoma)
        if are_enough(is_melanoma)
        else dict(NOT_MEASURED),
    }
