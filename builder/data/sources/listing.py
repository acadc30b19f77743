"""The common form of all sources before a photo is opened: which photos there are, and what is known of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from builder.errors import BuildError

# What some sources say of a photo beside its label; kept for figures of subgroups.
DETAILS = ("dx_type", "age", "sex", "localization", "dataset", "skin_tone", "hair")

LeftOut = tuple[str, str]  # name, reason
Row = NDArray[np.uint8] | str  # a photo as the network sees it, or why it cannot be used


_UNKNOWN_LABEL = re.compile(r"unknown label '(.*)'", re.DOTALL)


def unknown_label(label: str) -> str:
    """The reason for leaving out a photo whose label is none of the classes."""
    return f"unknown label '{label}'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo's bytes are: a file, or a member of an archive. version: what changes when the bytes do.

    within: the archives in that file, one in the other, which lead to the member.
    """

    file: str
    entry: str
    version: str
    within: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return PurePath(self.entry.replace("\\", "/") or self.file).name

    @property
    def key(self) -> str:
        return "|".join((self.file, *self.within, self.entry, self.version))


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo. lesion_id: "" if the source does not name one. part: training, validation, test or "" (unknown)."""

    image_id: str
    lesion_id: str
    code: str
    place: Place | None = None  # None: the next row of the source's array
    part: str = ""
    details: tuple[str, ...] = ("",) * len(DETAILS)


@dataclass(frozen=True, slots=True)
class Listing:
    """The photos of a source.

    rows: for a source of arrays, opens the photos of `entries`, in their order, at a given width in pixels. refusal:
    why no build takes this source, although the photos of `entries` can be used.
    """

    source: str  # its kind in one word
    title: str
    entries: list[Entry]
    left_out: list[LeftOut] = field(default_factory=list)
    passed_over: list[LeftOut] = field(default_factory=list)  # left out too, as another of that name is taken
    licence: str | None = None
    citation: str | None = None
    notes: list[str] = field(default_factory=list)  # whole sentences for whoever reads the report
    rows: Callable[[int], Iterator[Row]] | None = None
    refusal: BuildError | None = None

    @property
    def unknown_labels(self) -> Counter[str]:
        """The number of photos left out for each label that is none of the classes; "" is an empty label."""
        found = (_UNKNOWN_LABEL.fullmatch(reason) for _, reason in self.left_out)
        return Counter(label[1] for label in found if label)
