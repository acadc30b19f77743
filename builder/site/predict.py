"""Classifies photos from the terminal, with a network of the built site and the page's preprocessing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.classes import CLASSES, CODES
from builder.folders import TEMPLATES, Folders
from builder.photo.decode import PhotoProblem, read_photo
from builder.photo.frame import Pixels, centred_frame
from builder.photo.preprocess import frame_and_shrink
from builder.photo.quality import Measures, measure_quality
from builder.site.built import read_card
from builder.site.messages import Messages, load_messages
from builder.site.network import Answer, SiteNetwork, choose_network
from builder.terminal import visible
from builder.wording import two_lines

if TYPE_CHECKING:
    from builder.predict.ensemble import Members

WARNING = "For education only: this is not a diagnosis. Show any spot that worries you to a dermatologist."

FORMAT = 1  # of `--json`, as in what the page saves: goes up when a key changes its name or meaning

# Of an ensemble, where others would claim a figure.
UNTESTED = (
    "The mean of {count} networks, each made without one of {count} folds. How well the mean does was not measured, "
    "and cannot be on these data: every photo of them was used to make all but one of the networks. The report's "
    "figures are of single networks."
)


def predict_photos(
    photos: list[Path], site: Path, network: str | None, *, as_json: bool, ensemble_in: Folders | None = None
) -> int:
    """Print the answer of a network of `site` for each photo; returns the exit code.

    network: None means the page's first network. ensemble_in: the folders of a build with networks of all folds, for
    the mean of their predictions; the site's network still decides whether a photo shows a lesion. A photo that cannot
    be used is reported on standard error; the others are still classified.
    """
    name = choose_network(site, network)
    members = _members_of(ensemble_in, name) if ensemble_in else None
    card = read_card(site, name)
    readable: list[Path] = []
    pixels: list[Pixels] = []
    measures: list[Measures] = []
    for photo in photos:
        try:
            whole = read_photo(photo)
            seen = frame_and_shrink(whole, photo.name, card["input"]["width_px"])
        except PhotoProblem as problem:
            print(two_lines(problem.problem, problem.remedy), file=sys.stderr)
            continue
        readable.append(photo)
        pixels.append(seen)
        measures.append(measure_quality(seen, centred_frame(whole.shape[1], whole.shape[0]).width))
    answers = list(map(_as_json, SiteNetwork(site, card).answer(pixels, measures))) if pixels else []
    if members and answers:
        answers = _answer_together(members, pixels, answers)
    if as_json:
        rows = [{"file": str(photo), **answer} for photo, answer in zip(readable, answers, strict=True)]
        print(json.dumps({"format": FORMAT, "photos": rows}, indent=1))
    elif answers:
        messages = load_messages(TEMPLATES / "messages")["en"]  # what the page says
        for photo, answer in zip(readable, answers, strict=True):
            print(_in_words(photo, answer, messages))
        if members:
            print(UNTESTED.format(count=len(members)))
        print(WARNING)
    return 0 if len(readable) == len(photos) else 1


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "probabilities": {code: float(value) for code, value in zip(CODES, answer.probabilities, strict=True)},
        "scope": answer.ood_score,
        "judgement": answer.decision,
    }


def _members_of(folders: Folders, network: str) -> Members:
    from builder.predict.ensemble import members_of

    return members_of(folders.record, folders.work, network)


def _answer_together(members: Members, pixels: list[Pixels], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean of all folds' networks instead of one network's probabilities.

    The thresholds for "suspicious" and "not sure" belong to a single network, and are not applied to the mean.
    """
    import numpy as np

    from builder.predict.ensemble import predictions_of_folds, together

    return [
        {**mean, "scope": answer["scope"], "judgement": _without_lines(answer["judgement"])}
        for mean, answer in zip(together(predictions_of_folds(members, np.stack(pixels))), answers, strict=True)
    ]


def _without_lines(decision: dict[str, Any]) -> dict[str, Any]:
    verdict = decision["verdict"] if decision["verdict"] == "not-a-lesion" else "answer"
    return {"verdict": verdict, "quality": decision["quality"]}


def _in_words(photo: Path, answer: dict[str, Any], messages: Messages) -> str:
    probabilities, decision = answer["probabilities"], answer["judgement"]
    ranked = sorted(CLASSES, key=lambda lesion_class: -probabilities[lesion_class.code])
    lines = [
        f"{probabilities[kind.code]:7.1%}{_range(answer, kind.code)}  {_called(kind.code, messages)}" for kind in ranked
    ]
    said = [messages[f"quality.{code}"] for code in decision["quality"]]
    if decision["verdict"] != "answer":
        said.insert(0, f"{messages['answer.' + decision['verdict']]}.")
    return "\n".join([visible(photo), *said, *lines, ""])


def _called(code: str, messages: Messages) -> str:
    name, group, plain = (messages[f"kind.{code}.{text}"] for text in ("name", "group", "plain"))
    return f"{name} ({group}): {plain}"


def _range(answer: dict[str, Any], code: str) -> str:
    """The range over the networks of an ensemble; empty for a single network."""
    if "by_fold" not in answer:
        return ""
    of_folds = [fold[code] for fold in answer["by_fold"]]
    return f" ({min(of_folds):.1%} to {max(of_folds):.1%})"
