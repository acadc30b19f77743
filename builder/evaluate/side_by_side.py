"""The figures by which networks are compared, with rows for the intervals of their differences."""

from __future__ import annotations

import numpy as np

from builder.classes import CLASSES, INDEX_OF
from builder.evaluate.bootstrap import Figure, Flags, LesionBootstrap, Rows, interval, mean_of_measured
from builder.evaluate.discrimination import balanced_accuracy_rows
from builder.evaluate.predictions import Predictions
from builder.evaluate.ranking import roc_auc

MELANOMA = INDEX_OF["mel"]


def compared_rows(predictions: Predictions, bootstrap: LesionBootstrap, photos: Flags) -> dict[str, Rows]:
    """Each figure of the marked photos, first of all of them, then of each resample; photos: (photos,)."""
    labels, scores = predictions.labels[photos], predictions.probabilities[photos]
    aucs = [bootstrap.rows(roc_auc(scores[:, kind.index], labels == kind.index), photos) for kind in CLASSES]
    is_melanoma = photos & (predictions.labels == MELANOMA)
    malignant_auc = roc_auc(predictions.malignant_score[photos], predictions.is_malignant[photos])
    return {
        "accuracy": bootstrap.ratio(predictions.is_right & photos, photos),
        "balanced_accuracy": balanced_accuracy_rows(predictions, bootstrap, photos),
        "macro_auc": mean_of_measured(np.stack(aucs, axis=1)),
        "melanoma_sensitivity": bootstrap.ratio((predictions.predicted == MELANOMA) & is_melanoma, is_melanoma),
        "malignant_auc": bootstrap.rows(malignant_auc, photos),
    }


def compared_figures(
    rows: dict[str, Rows], predictions: Predictions, bootstrap: LesionBootstrap, photos: Flags
) -> dict[str, Figure]:
    """The same figures with their intervals."""
    shares_of = {"accuracy": photos, "melanoma_sensitivity": photos & (predictions.labels == MELANOMA)}
    return {
        name: interval(of_figure, bootstrap.lesions(shares_of[name]) if name in shares_of else None)
        for name, of_figure in rows.items()
    }


def differences(rows: dict[str, Rows], reference: dict[str, Rows]) -> dict[str, Figure]:
    """`rows` minus `reference`, both on the same resamples: the interval is the interval of the difference itself."""
    return {name: interval(rows[name] - reference[name]) for name in rows}
