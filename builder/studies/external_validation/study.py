"""Evaluates the site's networks on labelled photos from elsewhere, and reports in the terminal and in files."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from builder.classes import CODES
from builder.data.sources.listing import Listing
from builder.data.sources.recognise import list_source
from builder.errors import BuildError
from builder.files.ownership import replacing
from builder.folders import REPOSITORY
from builder.formatting import counted
from builder.progress import console
from builder.site.built import read_card, read_site_json
from builder.site.file_names import PREDICTIONS, REPORT
from builder.studies.external_validation.in_words import in_words
from builder.studies.external_validation.page import write_pages
from builder.terminal import visible

if TYPE_CHECKING:
    from builder.data.photo_list import ListedPhoto
    from builder.studies.external_validation.answers import Answers
    from builder.studies.external_validation.measure import Source
    from builder.studies.external_validation.overlap import Known

EVALUATION = "evaluation.json"
SCHEMAS = (
    REPOSITORY / "builder" / "studies" / "external_validation" / "evaluation.schema.json",
    REPOSITORY / "builder" / "evaluate" / "report.schema.json",  # which the first refers to
)


def evaluate_on(
    source: str, site: Path, names: Sequence[str], into: Path, learned_from: Mapping[str, list[ListedPhoto]]
) -> None:
    """Evaluate networks of `site` on the photos of `source`; print the main figures and write all into `into`.

    learned_from: for each network the photos that it was made from, if known.
    """
    report = read_site_json(site, REPORT)
    listing = _listed(source)
    cards = {name: read_card(site, name) for name in names}  # raises where one is damaged: before TensorFlow starts

    from builder.site.network import SiteNetwork
    from builder.studies.external_validation.answers import answer_photos
    from builder.studies.external_validation.measure import Source, measure_network, rules_of
    from builder.studies.external_validation.overlap import find_known

    answered = answer_photos(listing, {name: SiteNetwork(site, card) for name, card in cards.items()})
    if not answered.entries:
        raise _no_photo(source, [*listing.left_out, *answered.left_out])
    photos = Source(listing, answered)
    known = {name: find_known(photos.photos, learned_from[name]) for name in names if name in learned_from}
    evaluation = {
        "$schema": SCHEMAS[0].name,
        "data": photos.describe(),
        "trained_on": {key: report["data"][key] for key in ("title", "is_demo")},
        "config": {"evaluation": asdict(rules_of(report))},
        "networks": {
            name: measure_network(answered.by_network[name], photos, report, card, known.get(name))
            for name, card in cards.items()
        },
    }
    with replacing(into) as fresh:
        (fresh / EVALUATION).write_text(json.dumps(evaluation, indent=1, allow_nan=False), encoding="utf-8")
        for schema in SCHEMAS:
            shutil.copy(schema, fresh)
        _write_predictions(answered.by_network, photos, known, fresh / PREDICTIONS)
        page = write_pages(evaluation, report, fresh)
    labels = dict(sorted(listing.unknown_labels.items()))
    lines = [*in_words(evaluation, labels), "", f"The page: {into / page}"]
    console.print("\n".join(map(visible, lines)))


def _listed(source: str) -> Listing:
    if source == "demo":
        raise BuildError("the drawn photos are the demo's own: they say nothing", remedy="name photos of skin")
    listing = list_source(source)
    console.print(f"found {listing.title}: {counted(len(listing.entries), 'photo', 'photos')} with a label")
    if not listing.entries:
        raise _no_photo(source, listing.left_out)
    return listing


def _no_photo(source: str, left_out: Sequence[tuple[str, str]]) -> BuildError:
    examples = "; ".join(f"{name}: {reason}" for name, reason in sorted(left_out)[:3]) or "it names none"
    return BuildError(
        f"{source} holds no photo that can be used with a label that the networks know ({examples})",
        remedy=f"the labels are {', '.join(CODES)}",
    )


def _write_predictions(
    by_network: Mapping[str, Answers], source: Source, known: Mapping[str, Sequence[Known]], file: Path
) -> None:
    """Write one row per photo and network, from which all figures can be recomputed."""
    with open(file, "w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(
            ["network", "image_id", "lesion_id", "truth", *CODES, "ood_score", "decision", "part", "known_by"]
        )
        for name, answers in by_network.items():
            for place, photo in enumerate(source.photos):
                values = [f"{value:.9g}" for value in (*answers.probabilities[place], answers.ood_score[place])]
                writer.writerow([
                    name, photo.image_id, photo.lesion_id, source.codes[place], *values, answers.decision[place],
                    *(known[name][place] if name in known else ("", "")),
                ])  # fmt: skip
