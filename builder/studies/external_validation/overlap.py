"""Finds the photos of a source that a network has seen before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from builder.data.near_identical import near_identical_pairs
from builder.data.photo_list import ListedPhoto

PARTS = ("training", "validation", "test")  # the worst to be in first
WAYS = ("same", "near_identical", "same_lesion")  # the surest first
LEARNED = PARTS[:2]  # what a network was trained or tuned on
ROW = "row "  # ids of array rows begin so; two arrays share them without sharing photos


class Known(NamedTuple):
    """The part of the network's photos that holds a photo, and how it was recognised; both are "" for new photos."""

    part: str = ""
    way: str = ""


def find_known(photos: Sequence[ListedPhoto], listed: Iterable[ListedPhoto]) -> list[Known]:
    """Look up each of `photos` among `listed`, the photos that a network was made from."""
    of_part: dict[str, list[ListedPhoto]] = {part: [] for part in PARTS}
    for photo in listed:
        if photo.part in of_part:
            of_part[photo.part].append(photo)
    alike = _near_identical(photos, [photo for part in of_part.values() for photo in part])
    keys = {
        (part, way): {key for photo in of_part[part] for key in _keys(photo)[way]} for part in PARTS for way in WAYS
    }

    def look_up(photo: ListedPhoto) -> Known:
        own = _keys(photo)
        own["near_identical"] = alike.get(photo.likeness, own["near_identical"])
        places = (place for place, known in keys.items() if not known.isdisjoint(own[place[1]]))
        return Known(*next(places, ("", "")))

    return [look_up(photo) for photo in photos]


def count_known(known: Sequence[Known]) -> dict[str, Any]:
    """Count the recognised photos by part and way: `overlap` of evaluation.schema.json."""
    counts = Counter(known)
    return {
        "learned_from": sum(each.part in LEARNED for each in known),
        **{part: {way: counts[Known(part, way)] for way in WAYS} for part in PARTS},
    }


def _keys(photo: ListedPhoto) -> dict[str, set[str]]:
    """The keys that identify a photo, by way."""
    return {
        "same": {photo.pixels, *_names(photo.image_id)},
        "near_identical": {photo.likeness},
        "same_lesion": _names(photo.lesion_id),
    }


def _names(public_id: str) -> set[str]:
    return set() if public_id.startswith(ROW) else {public_id}


def _near_identical(photos: Iterable[ListedPhoto], listed: Iterable[ListedPhoto]) -> dict[str, set[str]]:
    """For the likeness of each of `photos`, all listed ones close to it, and itself."""
    wanted, known = ({photo.likeness for photo in some} for some in (photos, listed))
    different = sorted(wanted | known)
    near = {likeness: {likeness} for likeness in wanted}
    for pair in near_identical_pairs(different) if different else []:
        one, other = (different[place] for place in pair)
        for likeness, another in ((one, other), (other, one)):
            if likeness in wanted and another in known:
                near[likeness].add(another)
    return near
