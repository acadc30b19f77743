"""The seven classes of lesion, in the order of the network's outputs.

Their names and texts are in `web_template/messages/`, as `kind.<code>.name` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LesionClass:
    """One class of lesion. `is_malignant` adds up "the three that need treatment"."""

    index: int
    code: str
    is_malignant: bool


# Codes follow HAM10000 (Tschandl, Rosendahl, Kittler, Sci Data 5:180161, 2018).
CLASSES = (
    LesionClass(0, "akiec", is_malignant=True),
    LesionClass(1, "bcc", is_malignant=True),
    LesionClass(2, "bkl", is_malignant=False),
    LesionClass(3, "df", is_malignant=False),
    LesionClass(4, "mel", is_malignant=True),
    LesionClass(5, "nv", is_malignant=False),
    LesionClass(6, "vasc", is_malignant=False),
)

CODES = tuple(lesion_class.code for lesion_class in CLASSES)
MALIGNANT = tuple(lesion_class.index for lesion_class in CLASSES if lesion_class.is_malignant)
INDEX_OF = {lesion_class.code: lesion_class.index for lesion_class in CLASSES}
