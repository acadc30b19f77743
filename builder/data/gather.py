"""First stage: reads photos from their source, shrinks them to the networks' input, and stores them in one folder."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from builder.classes import CODES
from builder.config.data import DataConfig
from builder.data.anonymous import count_reasons, known_words, public_ids
from builder.data.ingest import ingest_photos
from builder.data.save import save_names, save_table
from builder.data.sources.labels import is_beyond, plain
from builder.data.sources.listing import Entry, LeftOut, Listing, unknown_label
from builder.data.sources.recognise import files_of_source, list_source
from builder.data.store import TABLES, read_names
from builder.errors import BuildError
from builder.formatting import counted
from builder.progress import console
from builder.terminal import visible

# A bad file among thousands is left out and listed; when this share is bad, something else is wrong.
MOST_LEFT_OUT_SHARE = 0.05
FEWEST_CLASSES = 2  # of one kind alone, every answer is right


class UnfitForBuild(BuildError):
    """Photos that `data` can survey but that a build refuses."""


def gather_photos(
    data: DataConfig, into: Path, *, most_left_out: float = MOST_LEFT_OUT_SHARE, fewest_classes: int = FEWEST_CLASSES
) -> None:
    """Stage entry: read the photos of a source, or of two sources, and save them in `into`.

    Raises UnfitForBuild if more than `most_left_out` of them (0-1) cannot be used, or if they show fewer classes than
    `fewest_classes`.
    """
    listings = _listings(data)
    for listing in listings:
        console.print(f"found {listing.title}: {len(listing.entries)} photos with a label")
    listed = [entry for listing in listings for entry in listing.entries]
    left_out = [reason for listing in listings for reason in listing.left_out]
    _refuse_if_too_few(data.source, len(listed), left_out, most_left_out)
    _refuse_few_classes(data.source, listed, fewest_classes)
    lesions_are_known = all(entry.lesion_id for entry in listed)
    ingested = ingest_photos(listings, into, with_likeness=not lesions_are_known)
    left_out += ingested.left_out
    _refuse_if_too_few(data.source, len(ingested.entries), left_out, most_left_out)
    _refuse_few_classes(data.source, ingested.entries, fewest_classes)
    notes = _note_of_missing_classes(ingested.entries)
    lesion_ids, near_identical = lesions_of(ingested.entries, ingested.likeness, lesions_are_known)
    # Not among those that are too many: nothing is missing where another photo of that name was taken.
    passed_over = [reason for listing in listings for reason in listing.passed_over]
    if passed_over:
        console.print(visible(f"passed over {_of_names(passed_over)}"))
    left_out += passed_over
    about = {**_about(listings, left_out, notes), "near_identical": near_identical}
    save_names([entry.image_id for entry in ingested.entries], lesion_ids, left_out, into)
    entries, lesion_ids = _anonymous(ingested.entries, lesion_ids, _source_of(listings), into)
    save_table(entries, lesion_ids, ingested.sizes, about, into)


def gather_at_width(photos: Path, data: DataConfig, into: Path, *, width_px: int) -> None:
    """Stage entry: open the photos that `gather_photos` saved in `photos` again, for a network with a wider input.

    The selection of photos and all facts about them are copied: all networks train and are tested on the same split.
    """
    expected = read_names(photos)["image_ids"]
    ingested = ingest_photos(_listings(data), into, with_likeness=False, width_px=width_px)
    if [entry.image_id for entry in ingested.entries] != expected:
        raise BuildError(f"{data.source} has changed while it was read", remedy="run the same command again")
    for table in TABLES:
        shutil.copy(photos / table, into)


def _listings(data: DataConfig) -> list[Listing]:
    sources = [source for source in (data.source, data.test_source) if source]
    listings = [_without_labels(list_source(source), data.leave_out) for source in sources]
    for listing in listings:
        if listing.refusal:
            raise listing.refusal
        _refuse_beyond(listing)
    return _with_test_part(*listings) if data.test_source else listings


def _without_labels(listing: Listing, labels: tuple[str, ...]) -> Listing:
    """The listing without the photos of these labels, which a note counts: they are not missing."""
    asked = {plain(label) for label in labels}
    found = {label: count for label, count in sorted(listing.unknown_labels.items()) if plain(label) in asked}
    if not found:
        return listing
    reasons = {unknown_label(label) for label in found}
    return replace(
        listing,
        left_out=[(name, reason) for name, reason in listing.left_out if reason not in reasons],
        notes=[*listing.notes, f"Left out as asked for: {_counts(found)}."],
        refusal=None if len(found) == len(listing.unknown_labels) else listing.refusal,
    )


def _refuse_beyond(listing: Listing) -> None:
    beyond = {label: count for label, count in sorted(listing.unknown_labels.items()) if is_beyond(label)}
    if beyond:
        raise BuildError(
            f"{listing.title}: the network cannot learn what is beyond its seven classes: {_counts(beyond)}",
            remedy=f"leave these photos out with --leave-out {','.join(label.replace(' ', '-') for label in beyond)}",
        )


def _counts(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{label} ({counted(count, 'photo', 'photos')})" for label, count in labels.items())


def source_fingerprint(data: DataConfig) -> Any:
    """The state of the sources, cheap to compare: name, size and modification time of each file."""
    return [files_of_source(source) for source in (data.source, data.test_source) if source]


def _with_test_part(training: Listing, test: Listing) -> list[Listing]:
    """Both sources, the second one as the test part; a photo that is in both is used for testing only."""
    tested = {entry.image_id for entry in test.entries}
    both = [entry.image_id for entry in training.entries if entry.image_id in tested]
    if training.rows and both:
        raise BuildError(
            f"{len(both)} photos are in both sources, the first is {both[0]}",
            remedy="name two sources without common photos with --data and --test-data",
        )
    entries = [
        replace(entry, part=entry.part or "training") for entry in training.entries if entry.image_id not in tested
    ]
    reasons = [(image_id, "it is in the test data too") for image_id in both]
    return [
        replace(training, entries=entries, notes=[*training.notes, *_note_of(reasons)]),
        replace(test, entries=[replace(entry, part="test") for entry in test.entries]),
    ]


def _note_of(both: list[LeftOut]) -> list[str]:
    return [f"{len(both)} photos are in both sources: they are tested with, not trained on."] if both else []


def _of_names(passed_over: list[LeftOut]) -> str:
    name, reason = min(passed_over)
    return f"{counted(len(passed_over), 'photo', 'photos')} whose name another has too, such as {name}: {reason}"


def _refuse_if_too_few(source: str, kept: int, left_out: list[LeftOut], most_left_out: float) -> None:
    if kept and len(left_out) <= most_left_out * (kept + len(left_out)):
        return
    examples = "; ".join(f"{name}: {reason}" for name, reason in sorted(left_out)[:3]) or "the metadata names no photo"
    raise UnfitForBuild(
        f"In {source}, {len(left_out)} photos cannot be used, {kept} can ({examples})",
        remedy="mend or fetch them again; a few bad files are no problem",
    )


def _refuse_few_classes(source: str, entries: list[Entry], fewest: int) -> None:
    kinds = {entry.code for entry in entries}
    if len(kinds) < fewest:
        raise UnfitForBuild(
            f"In {source}, all photos are of one kind ({', '.join(sorted(kinds))}), and there is nothing to tell apart",
            remedy="add photos of another kind of lesion",
        )


def _note_of_missing_classes(entries: list[Entry]) -> list[str]:
    shown = {entry.code for entry in entries}
    if not (missing := [code for code in CODES if code not in shown]):
        return []
    note = (
        f"There is no photo of {', '.join(missing)}: the network cannot recognise these, and no figure is about them."
    )
    console.print(note)
    return [note]


def lesions_of(
    entries: Sequence[Entry], likeness: Sequence[str], are_known: bool
) -> tuple[list[str], dict[str, int] | None]:
    """The lesion of each photo; if the source names none, near-identical photos count as one lesion.

    likeness: of each photo, if the lesions are not known. Also returns how many photos are near-identical to another.
    """
    if are_known:
        return [entry.lesion_id for entry in entries], None
    from builder.data.near_identical import group_near_identical

    group_of = group_near_identical(likeness).tolist()
    lesion_of_group: dict[int, str] = {}
    for group, entry in zip(group_of, entries, strict=True):
        if entry.lesion_id:
            lesion_of_group.setdefault(group, entry.lesion_id)
    for group, entry in zip(group_of, entries, strict=True):
        lesion_of_group.setdefault(group, entry.image_id)
    sizes = Counter(group_of)
    alike = [group for group, size in sizes.items() if size > 1]
    return [entry.lesion_id or lesion_of_group[group] for group, entry in zip(group_of, entries, strict=True)], {
        "photos": sum(sizes[group] for group in alike),
        "groups": len(alike),
    }


def _about(listings: list[Listing], left_out: Iterable[LeftOut], notes: list[str]) -> dict[str, Any]:
    main = listings[0]
    return {
        "source": main.source,
        "title": main.title if len(listings) == 1 else f"{main.title}, tested on {listings[1].title}",
        "test_source": listings[1].source if len(listings) > 1 else "",
        "is_demo": False,
        "licence": _joined(listing.licence for listing in listings),
        "citation": _joined(listing.citation for listing in listings),
        "notes": [*(note for listing in listings for note in listing.notes), *notes],
        "left_out": count_reasons(left_out),
    }


def _joined(texts: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None


def _source_of(listings: list[Listing]) -> str:
    """What all photos come from; nothing where that is several things."""
    return listings[0].source if len({listing.source for listing in listings}) == 1 else ""


def _anonymous(entries: list[Entry], lesion_ids: list[str], source: str, into: Path) -> tuple[list[Entry], list[str]]:
    """The photos whose pixels are in `into`, and their lesions, without anything that may name people."""
    pixels = np.load(into / "pixels.npy", mmap_mode="r")
    image_ids, lesion_ids = public_ids([entry.image_id for entry in entries], lesion_ids, pixels, source)
    columns = [known_words(column) for column in zip(*(entry.details for entry in entries), strict=True)]
    details = zip(*columns, strict=True)
    return [
        replace(entry, image_id=image_id, details=words)
        for entry, image_id, words in zip(entries, image_ids, details, strict=True)
    ], lesion_ids
