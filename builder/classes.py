"""The seven kinds of lesion, in the order of the network's outputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class LesionClass:
    """One kind of lesion. `group` is shown to visitors; `is_malignant` adds up "the three that need treatment"."""

    index: int
    code: str
    name: str
    plain: str  # what a person who is no doctor would call it
    group: str
    is_malignant: bool


# Names and groups follow HAM10000 (Tschandl, Rosendahl, Kittler, Sci Data 5:180161, 2018).
CLASSES = (
    LesionClass(0, "akiec", "Actinic Keratoses", "rough, scaly sun damage that can turn into skin cancer",
                "malignant or pre-malignant", True),
    LesionClass(1, "bcc", "Basal Cell Carcinoma", "a slow-growing skin cancer that seldom spreads",
                "malignant", True),
    LesionClass(2, "bkl", "Benign Keratoses", "a harmless, often waxy or wart-like spot of later life",
                "benign", False),
    LesionClass(3, "df", "Dermatofibroma", "a small, firm, harmless knot in the skin",
                "benign", False),
    LesionClass(4, "mel", "Melanoma", "a dangerous skin cancer that grows from pigment cells",
                "malignant", True),
    LesionClass(5, "nv", "Melanocytic Nevus", "a common mole",
                "benign", False),
    LesionClass(6, "vasc", "Vascular Lesion", "a harmless spot made of small blood vessels",
                "benign", False),
)  # fmt: skip

CODES = tuple(lesion_class.code for lesion_class in CLASSES)
MALIGNANT = tuple(lesion_class.index for lesion_class in CLASSES if lesion_class.is_malignant)
INDEX_OF = {lesion_class.code: lesion_class.index for lesion_class in CLASSES}


def classes_as_dicts() -> list[dict[str, object]]:
    """The classes as the model card and the templates hold them."""
    return [asdict(lesion_class) for lesion_class in CLASSES]
