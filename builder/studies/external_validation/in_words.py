"""An evaluation in words, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.formatting import counted, figure_in_words, percent
from builder.site.messages import classes_in_english

NOT_CHECKED = (
    "Whether the network has learned from photos of these could not be checked: there is no list of those that it was "
    "made from."
)


def in_words(evaluation: Mapping[str, Any], other_labels: Mapping[str, int]) -> list[str]:
    """The lines to print; other_labels: the number of photos for each label beyond the seven classes."""
    data = evaluation["data"]
    lesions = counted(data["lesions"], "lesion", "lesions")
    lines = ["", f"{data['title']}: {counted(data['photos'], 'photo', 'photos')} of {lesions}"]
    lines += [f"left out: {row['files']:,} ({row['reason']})" for row in data["left_out"]]
    if other_labels:
        named = ", ".join(f"{label or 'no label'} ({photos:,})" for label, photos in other_labels.items())
        lines.append(f"of classes that no network here knows: {named}")
    if data["missing_classes"]:
        lines.append(f"no photo of {', '.join(data['missing_classes'])}: no figure is about these")
    for name, network in evaluation["networks"].items():
        lines += ["", f"{name} ({network['title']}), with 95 % intervals over lesions", *_lines(network)]
        lines += warnings_of(network, data["photos"])
    return lines


def warnings_of(network: Mapping[str, Any], photos: int) -> list[str]:
    """A warning if the network has seen photos of the source, or if that could not be checked."""
    overlap = network["overlap"]
    if overlap is None:
        return [NOT_CHECKED]
    if not (known := overlap["learned_from"]):
        return []
    by_way = {
        way: sum(overlap[part][way] for part in ("training", "validation"))
        for way in ("same", "near_identical", "same_lesion")
    }
    said = {"same": "the very photos", "near_identical": "near-identical", "same_lesion": "others of a lesion"}
    ways = ", ".join(f"{count:,} {said[way]}" for way, count in by_way.items() if count)
    return [
        f"WARNING: {known:,} of these {photos:,} photos, {percent(known / photos)}, are among those that the network "
        f"was trained or tuned on ({ways}). For them, the figures are too good, and no test."
    ]


def _lines(network: Mapping[str, Any]) -> list[str]:
    test, malignant, decisions = network["test"], network["malignant"], network["decisions"]
    point = malignant["operating_point"]
    calibration = network["calibration"]["after"]["expected_calibration_error"]
    rows = [
        ("accuracy", test["accuracy"]),
        ("  always the commonest class", test["floor_accuracy"]),
        ("balanced accuracy", test["balanced_accuracy"]),
        ("macro ROC AUC", test["macro_auc"]),
        ("melanomas found", test["melanoma_sensitivity"]),
        ("malignant against benign, AUC", malignant["auc"]),
        ("calibration error", calibration),
        *(
            [(f"sensitivity at {point['threshold']:.3f}", point["sensitivity"]),
             (f"specificity at {point['threshold']:.3f}", point["specificity"])]
            if point else []
        ),
        ("refused as no photo of a lesion", decisions["not_a_lesion"]),
        ("not sure", decisions["not_sure"]),
        ("right, where it answers", decisions["right_of_answers"]),
    ]  # fmt: skip
    names = {str(each["code"]): each["name"] for each in classes_in_english()}
    width = max(map(len, (f"{code:<6}{name}" for code, name in names.items())))
    lines = [f"  {title:<34}{figure_in_words(figure)}" for title, figure in rows]
    lines += ["", f"  {'class':<{width}}{'photos':>8}  {'found':<27}{'right when named':<27}ROC AUC"]
    for code, figures in network["by_class"].items():
        cells = [figure_in_words(figures[name]) for name in ("sensitivity", "positive_predictive_value", "auc")]
        found, right, area = cells
        lines.append(f"  {f'{code:<6}{names[code]}':<{width}}{figures['photos']:>8,}  {found:<27}{right:<27}{area}")
    return lines
