"""Measures a data set before training: what it holds, what is unusual, what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.classes import CLASSES, LesionClass
from builder.data.store import Photos
from builder.terminal import visible

Size = tuple[int, int]  # width, height in pixels
Numbers = NDArray[np.float64]

BLOCK_PHOTOS = 2048  # looked at together: 46 MB, however many photos there are
LEVEL_BINS = 32  # of the 256 levels of a channel
SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)  # of a class's photos, ordered by brightness
PARTS = ("training", "validation", "test")
LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look (Rec. 601)


@dataclass(frozen=True, slots=True)
class Kind:
    """One class in numbers. brightness: at SPREAD, levels 0-255; colour: mean red, green, blue; None without photos."""

    lesion_class: LesionClass
    photos: int
    lesions: int
    share: float  # of all photos, 0-1
    brightness: tuple[float, ...] | None
    colour: tuple[int, int, int] | None
    examples: list[int]  # positions of photos of different lesions, spread over all there are


@dataclass(frozen=True, slots=True)
class Survey:
    """The measurements of a data set. Photos are identified by their index in the data stage's arrays."""

    about: Mapping[str, Any]
    photos: int
    lesions: int
    lesions_are_known: bool  # else near-identical photos stand for one lesion, and any other for one of its own
    most_of_one_lesion: int
    kinds: list[Kind]
    sizes: list[tuple[Size, int]] | None  # commonest first; None where only shrunk photos are known
    levels: Numbers  # (3, LEVEL_BINS): share of each channel's pixels
    near_identical: list[
        tuple[int, int]
    ]  # near-identical pairs, first those of different labels, then of different lesions
    near_identical_across_lesions: int  # pairs that a split by lesion does not keep together
    near_identical_of_two_labels: int
    parts: dict[str, int]  # the source's own, as far as it has any -> photos; "" for those in none
    near_identical_across_parts: int
    odd: dict[str, list[int]]  # what is odd -> the photos that are it most
    left_out: list[tuple[str, list[str]]]  # (reason, names), commonest reason first


def survey_photos(
    photos: Photos, *, sizes: Counter[Size] | None, near_identical: list[tuple[int, int]], examples: int, oddities: int
) -> Survey:
    """Measure `photos`; examples, oddities: how many photos to pick per class, and per type of oddity."""
    colours, contrast, levels = _measure(photos.pixels)
    brightness = colours @ np.array(LUMA)
    of_lesion = Counter(photos.lesion_ids.tolist())
    two_labels = {pair for pair in near_identical if photos.labels[pair[0]] != photos.labels[pair[1]]}
    across = {pair for pair in near_identical if photos.lesion_ids[pair[0]] != photos.lesion_ids[pair[1]]}
    parts = Counter(photos.own_parts.tolist())
    return Survey(
        about=photos.about,
        photos=len(photos.labels),
        lesions=len(of_lesion),
        lesions_are_known=photos.about["near_identical"] is None,
        most_of_one_lesion=max(of_lesion.values()),
        kinds=[_kind(photos, lesion_class, colours, brightness, examples) for lesion_class in CLASSES],
        sizes=None if sizes is None else sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0])),
        levels=levels,
        near_identical=sorted(near_identical, key=lambda pair: (pair not in two_labels, pair not in across, pair)),
        near_identical_across_lesions=len(across),
        near_identical_of_two_labels=len(two_labels),
        parts={part: parts[part] for part in (*PARTS, "") if parts[part]} if set(parts) - {""} else {},
        near_identical_across_parts=sum(
            photos.own_parts[one] != photos.own_parts[other] for one, other in near_identical
        ),
        odd={
            "darkest": np.argsort(brightness, kind="stable")[:oddities].tolist(),
            "lightest": np.argsort(-brightness, kind="stable")[:oddities].tolist(),
            "flattest": np.argsort(contrast, kind="stable")[:oddities].tolist(),
        },
        left_out=_by_reason(photos.about["left_out"]),
    )


def _measure(pixels: NDArray[np.uint8]) -> tuple[Numbers, Numbers, Numbers]:
    """Mean colour (photos, 3) and contrast (photos,) of each photo, and the levels of all, block by block."""
    colours, contrasts = np.empty((len(pixels), 3)), np.empty(len(pixels))
    counts = np.zeros((3, 256), dtype=np.int64)
    for block in blocks(len(pixels)):
        part = np.asarray(pixels[block])  # (photos of a block, 75, 100, 3)
        colours[block] = part.mean(axis=(1, 2))
        contrasts[block] = part[..., 1].std(axis=(1, 2))  # of green, the clearest channel
        counts += [np.bincount(part[..., channel].ravel(), minlength=256) for channel in range(3)]
    binned = counts.reshape(3, LEVEL_BINS, -1).sum(axis=2)
    return colours, contrasts, binned / binned.sum(axis=1, keepdims=True)


def blocks(count: int) -> Iterator[slice]:
    """Divide that many photos into blocks that fit into memory."""
    return (slice(start, min(start + BLOCK_PHOTOS, count)) for start in range(0, count, BLOCK_PHOTOS))


def _kind(photos: Photos, lesion_class: LesionClass, colours: Numbers, brightness: Numbers, examples: int) -> Kind:
    at = np.flatnonzero(photos.labels == lesion_class.index)
    lesions, first = np.unique(photos.lesion_ids[at], return_index=True)
    firsts = at[np.sort(first)]
    spread = np.linspace(0, len(firsts) - 1, min(examples, len(firsts))).round().astype(int)
    red, green, blue = (int(level) for level in colours[at].mean(axis=0).round()) if len(at) else (0, 0, 0)
    return Kind(
        lesion_class=lesion_class,
        photos=len(at),
        lesions=len(lesions),
        share=len(at) / len(photos.labels),
        brightness=tuple(np.quantile(brightness[at], SPREAD).tolist()) if len(at) else None,
        colour=(red, green, blue) if len(at) else None,
        examples=firsts[spread].tolist(),
    )


def _by_reason(left_out: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Files left out, grouped by reason; details in brackets are moved from the reason to the name."""
    names = defaultdict(list)
    for entry in left_out:
        reason = entry["reason"].removeprefix(f"{PurePath(entry['file']).name}: ")
        reason, bracket, detail = reason.partition(" (")
        names[visible(reason)].append(visible(entry["file"] + bracket + detail))
    return sorted(names.items(), key=lambda group: (-len(group[1]), group[0]))
