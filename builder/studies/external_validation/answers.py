"""Answers every photo of a source with the site's networks, in batches; no photo stays in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from builder.data.anonymous import public_image_id
from builder.data.ingest import Shrunk, shrink_photos
from builder.data.photo_list import pixels_hash
from builder.data.sources.listing import Entry, LeftOut, Listing
from builder.data.sources.photo_files import readable
from builder.errors import BuildError
from builder.evaluate.ood import across_px
from builder.photo.quality import measure_quality
from builder.photo.size import WIDTH_PX
from builder.progress import Advance, steps
from builder.site.network import SiteNetwork

BATCH_PHOTOS = 32  # in memory at a time, beside those that the threads have read ahead


@dataclass(slots=True)
class Answers:
    """The answers of one network, photo by photo. decision: "answer", "not-sure" or "not-a-lesion", as on the page."""

    probabilities: list[NDArray[np.float32]] = field(default_factory=list)
    ood_score: list[float] = field(default_factory=list)
    decision: list[str] = field(default_factory=list)

    def add(self, network: SiteNetwork, batch: Sequence[Shrunk]) -> None:
        pixels = [photo.row for photo in batch if not isinstance(photo.row, str)]
        measures = [
            measure_quality(row, across_px(photo.size, network.width_px))
            for row, photo in zip(pixels, batch, strict=True)
        ]
        for answer in network.answer(pixels, measures):
            self.probabilities.append(answer.probabilities)
            self.ood_score.append(answer.ood_score)
            self.decision.append(answer.decision["verdict"])


@dataclass(slots=True)
class Answered:
    """The usable photos of a source, and each network's answers. pixels, likeness: hashes, see `ListedPhoto`."""

    by_network: dict[str, Answers]
    entries: list[Entry] = field(default_factory=list)
    image_ids: list[str] = field(default_factory=list)  # public
    pixels: list[str] = field(default_factory=list)
    likeness: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def answer_photos(listing: Listing, networks: Mapping[str, SiteNetwork]) -> Answered:
    """Answer every photo with every network. For networks with larger inputs, all photos are opened once more."""
    widths = sorted({network.width_px for network in networks.values()} - {WIDTH_PX})
    answered = Answered({name: Answers() for name in networks})
    with steps("answering photos", len(listing.entries) * (1 + len(widths))) as advance:
        given: set[str] = set()
        for entries, batch in _usable(listing, WIDTH_PX, answered.left_out, advance):
            answered.entries += entries
            for entry, (row, likeness, _) in zip(entries, batch, strict=True):
                assert not isinstance(row, str)
                answered.image_ids.append(public_image_id(entry.image_id, row, given))
                answered.pixels.append(pixels_hash(row))
                answered.likeness.append(likeness)
            _answer(networks, WIDTH_PX, batch, answered)
        for width_px in widths:
            seen: list[Entry] = []
            for entries, batch in _usable(listing, width_px, [], advance):
                seen += entries
                _answer(networks, width_px, batch, answered)
            if seen != answered.entries:
                raise BuildError("the photos have changed while they were read", remedy="run the same command again")
    return answered


def _answer(networks: Mapping[str, SiteNetwork], width_px: int, batch: Sequence[Shrunk], answered: Answered) -> None:
    for name, network in networks.items():
        if network.width_px == width_px:
            answered.by_network[name].add(network, batch)


def _usable(
    listing: Listing, width_px: int, left_out: list[LeftOut], advance: Advance
) -> Iterator[tuple[list[Entry], list[Shrunk]]]:
    """The usable photos in batches; the others go to `left_out`, with the reason."""
    entries: list[Entry] = []
    batch: list[Shrunk] = []
    photos = shrink_photos(listing, with_likeness=width_px == WIDTH_PX, width_px=width_px)
    with closing(photos):
        for entry, photo in zip(listing.entries, photos, strict=True):
            if isinstance(photo.row, str):
                left_out.append((readable(entry.place.name) if entry.place else entry.image_id, photo.row))
                advance()
                continue
            entries.append(entry)
            batch.append(photo)
            if len(batch) == BATCH_PHOTOS:
                yield entries, batch
                advance(len(batch))
                entries, batch = [], []
    if batch:
        yield entries, batch
        advance(len(batch))
