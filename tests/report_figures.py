"""A small `report.json` made by hand, to test its pages without a build: see builder/evaluate/report.schema.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from builder.classes import CODES

NONE: dict[str, float | None] = {"value": None, "low": None, "high": None}
PHOTOS = {"akiec": 20, "bcc": 30, "bkl": 60, "df": 10, "mel": 50, "nv": 320, "vasc": 10}
ROC = {"fpr": [0.0, 0.0, 0.1, 0.4, 1.0], "tpr": [0.0, 0.3, 0.7, 0.95, 1.0]}


def figure(value: float | None, half_width: float = 0.04) -> dict[str, float | None]:
    """A figure whose interval is `half_width` to either side, where it was measured."""
    return dict(NONE) if value is None else {"value": value, "low": value - half_width, "high": value + half_width}


def make_report(*, is_demo: bool = False) -> dict[str, Any]:
    """A report of one network on real photos, with every figure measured; a test takes away what it is about."""
    return {
        "$schema": "report.schema.json",
        "data": _data(is_demo),
        "config": {
            "evaluation": {"resamples": 1000, "seed": 101},
            "training": {"epochs": 5, "learning_rate": 1e-4},
            "networks": {"cnn": {"augmentation": "copies"}, "small": {"augmentation": "random", "plain_share": 0.0}},
        },
        "networks": {"cnn": make_network()},
        "leakage": None,
        "folds": None,
    }


def make_network(title: str = "the origin network") -> dict[str, Any]:
    return {
        "title": title, "layers": 27, "parameters": 26_036_551, "epochs": 2, "kept_epoch": 1,
        "history": [
            {"epoch": 1, "loss": 1.3, "accuracy": 0.62, "val_loss": 1.0, "val_accuracy": 0.67},
            {"epoch": 2, "loss": 1.0, "accuracy": 0.66, "val_loss": 1.1, "val_accuracy": 0.64},
        ],
        "test": {
            "photos": 500, "lesions": 410, "classes_measured": 7,
            "accuracy": figure(0.712), "floor_accuracy": figure(0.64), "balanced_accuracy": figure(0.431),
            "macro_auc": figure(0.863), "macro_average_precision": figure(0.452),
            "top_2_accuracy": figure(0.874), "top_3_accuracy": figure(0.936),
            "melanoma_sensitivity": figure(0.36), "melanoma_auc": figure(0.814),
            "melanoma_sensitivity_at_95_specificity": figure(0.383),
            "melanoma_specificity_at_95_sensitivity": figure(0.417),
        },
        "by_class": {code: make_class_figures(PHOTOS[code], number) for number, code in enumerate(CODES)},
        "confusion": [
            [8, 4, 5, 0, 1, 2, 0],
            [3, 15, 4, 1, 1, 5, 1],
            [2, 3, 25, 0, 8, 22, 0],
            [0, 2, 1, 3, 0, 4, 0],
            [1, 1, 7, 0, 18, 23, 0],
            [1, 2, 12, 1, 22, 281, 1],
            [0, 1, 0, 0, 1, 2, 6],
        ],
        "roc": dict.fromkeys(CODES, ROC),
        "malignant": {
            "classes": ["akiec", "bcc", "mel"], "photos": 100, "lesions": 82,
            "auc": figure(0.846), "average_precision": figure(0.624),
            "sensitivity_at_95_specificity": figure(0.512), "specificity_at_95_sensitivity": figure(0.494),
            "operating_point": {
                "threshold": 0.134, "aimed_sensitivity": 0.95,
                "validation": {
                    "sensitivity": 0.955, "specificity": 0.52,
                    "positive_predictive_value": 0.34, "negative_predictive_value": 0.98,
                },
                "sensitivity": figure(0.927), "specificity": figure(0.536),
                "positive_predictive_value": figure(0.333), "negative_predictive_value": figure(0.967),
            },
            "roc": ROC,
        },
        "calibration": {
            "temperature": 1.84, "bins": 4,
            "before": _calibration(0.124, 0.451, 1.213), "after": _calibration(0.031, 0.412, 0.874),
        },
        "sureness": _sureness(),
        "subgroups": {
            "fewest_lesions": 30, "fewest_lesions_a_side": 10,
            "attributes": [
                {"attribute": "sex", "title": "sex", "unknown_photos": 3, "groups": [
                    make_group("female", 0.742), make_group("male", 0.684),
                ]},
                {"attribute": "localization", "title": "place on the body", "unknown_photos": 0, "groups": [
                    make_group("back", 0.806), make_group("face", 0.523), make_group("ear", None),
                ]},
            ],
        },
        "scope": {
            "refused_lesion_photos": figure(0.042, 0.02),
            "other_things": [
                make_pictures("photos of other things", 40, 20, figure(0.992, 0.005), 0.975),
                make_pictures("plain skin", 20, 20, figure(0.913), 0.65),
            ],
            "shifted": [make_pictures("blur", 200, 150, figure(0.618), 0.115)],
        },
        "export": {
            "weights": "mixed", "large_kernels": "uint8", "files": 26, "bytes": 26_461_156, "photos_compared": 100,
            "largest_probability_change": 0.0012, "answers_changed": 0, "input": {"width_px": 100, "height_px": 75},
        },
    }  # fmt: skip


def make_class_figures(photos: int, number: int) -> dict[str, Any]:
    """The figures of one class, no two classes alike; none is measured where there is no photo."""
    names = (
        "auc", "average_precision", "sensitivity", "specificity", "positive_predictive_value",
        "negative_predictive_value", "f1",
    )  # fmt: skip
    values = [None if not photos else 0.31 + 0.017 * number + 0.083 * place for place in range(len(names))]
    return {
        "photos": photos,
        "lesions": photos // 2 + photos % 2,
        **{name: figure(value) for name, value in zip(names, values, strict=True)},
    }


def make_pictures(
    kind: str, photos: int, sources: int, auroc: dict[str, float | None], refused: float
) -> dict[str, Any]:
    return {
        "kind": kind, "photos": photos, "sources": sources, "auroc": auroc,
        "refused": refused, "refused_low": refused - 0.02, "refused_high": refused + 0.02,
    }  # fmt: skip


def make_group(name: str, accuracy: float | None) -> dict[str, Any]:
    """One group; too few lesions to measure without an accuracy."""
    if accuracy is None:
        return {"name": name, "photos": 9, "lesions": 8, "malignant_photos": 2, "melanoma_photos": 1, "too_few": True}
    return {
        "name": name, "photos": 240, "lesions": 200, "malignant_photos": 48, "melanoma_photos": 24, "too_few": False,
        "accuracy": figure(accuracy), "balanced_accuracy": figure(accuracy - 0.21),
        "malignant_auc": figure(accuracy + 0.113), "melanoma_sensitivity": dict(NONE),
    }  # fmt: skip


def make_leakage() -> dict[str, Any]:
    names = ("accuracy", "balanced_accuracy", "macro_auc", "melanoma_sensitivity", "malignant_auc")

    def trained(share: float, known: float) -> dict[str, Any]:
        counts = {"photos": 500, "lesions": 410, "photos_of_trained_lesions": known}
        return {**counts, **{name: figure(share + 0.013 * place) for place, name in enumerate(names)}}

    return {
        "network": "cnn", "epochs": 5, "by_lesion": trained(0.603, 0.0), "by_photo": trained(0.665, 0.312),
        "added": {name: figure(0.062, 0.03) for name in names},
    }  # fmt: skip


def make_folds(shipped: int = 2) -> dict[str, Any]:
    names = ("accuracy", "floor_accuracy", "balanced_accuracy", "macro_auc", "melanoma_sensitivity", "malignant_auc")
    counts = [{"photos": 501, "lesions": 411}, {"photos": 500, "lesions": 410}, {"photos": 499, "lesions": 409}]

    def spread(mean: float) -> dict[str, Any]:
        by_fold = [figure(mean + step) for step in (-0.031, 0.0, 0.031)]
        return {"mean": mean, "standard_deviation": 0.031, "by_fold": by_fold}

    figures = {name: spread(0.443 + 0.071 * place) for place, name in enumerate(names)}
    return {
        "folds": 3, "shipped": shipped, "photos": 1500, "lesions": 1230,
        "networks": {"cnn": {"by_fold": counts, "figures": figures}},
    }  # fmt: skip


def _data(is_demo: bool) -> dict[str, Any]:
    part = {"photos": 500, "lesions": 410, "by_class": dict(PHOTOS)}
    return {
        "source": "demo" if is_demo else "ham10000", "title": "demo photos drawn by code" if is_demo else "HAM10000",
        "test_source": "", "is_demo": is_demo, "licence": "CC BY-NC 4.0", "citation": "Tschandl 2018",
        "notes": [], "left_out": [], "near_identical": None, "photos": 1500, "lesions": 1230,
        "split_rule": "60% of the lesions for training. All photos of a lesion are in one part.", "unused": 0,
        "careless_split": {"test_share": 0.4, "photos": 0.314, "melanomas": 0.562},
        "parts": {name: dict(part) for name in ("training", "validation", "test")},
    }  # fmt: skip


def _calibration(error: float, brier: float, loss: float) -> dict[str, Any]:
    confident = [(0.0, 0, None, None), (0.25, 60, 0.41, 0.38), (0.5, 140, 0.63, 0.55), (0.75, 300, 0.92, 0.83)]
    return {
        "expected_calibration_error": figure(error, 0.02), "brier_score": figure(brier), "log_loss": figure(loss),
        "reliability": [
            {"from": start, "to": start + 0.25, "photos": photos, "confidence": mean, "accuracy": figure(right)}
            for start, photos, mean, right in confident
        ],
    }  # fmt: skip


def _sureness() -> dict[str, Any]:
    def level(name: str, start: float, aim: float | None, photos: int, right: float, overlooked: int) -> dict[str, Any]:
        return {
            "level": name, "from": start, "aimed_right": aim, "photos": photos, "coverage": figure(photos / 500),
            "validation": {"photos": photos, "right": right + 0.01}, "accuracy": figure(right),
            "malignant_called_benign": overlooked,
        }  # fmt: skip

    return {
        "levels": [
            level("sure", 0.83, 0.9, 205, 0.887, 5),
            level("fairly-sure", 0.52, 0.75, 170, 0.698, 17),
            level("not-sure", 0.0, None, 125, 0.446, 19),
        ],
        "answered": {"coverage": figure(0.75), "error": figure(0.199)},
        "risk_coverage": [
            {"threshold": 1 - share * 0.8, "coverage": share, "error": figure(0.288 * share, 0.02)}
            for share in (0.25, 0.5, 0.75, 1.0)
        ],
        "area_under_risk_coverage": figure(0.147),
    }


def figures_in(tree: Any, name: str = "") -> Iterator[tuple[str, dict[str, float | None]]]:
    """Every {"value", "low", "high"} beneath, with the name it has."""
    if isinstance(tree, dict):
        if set(tree) == {"value", "low", "high"}:
            yield name, tree
        else:
            for key, branch in tree.items():
                yield from figures_in(branch, key)
    elif isinstance(tree, list):
        for branch in tree:
            yield from figures_in(branch, name)
