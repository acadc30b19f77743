"""What people, programs and data sets call the seven classes, and what they diagnose beside these."""

from __future__ import annotations

import re

from builder.classes import CLASSES

# Beside its code: what people and the sets in circulation call each class (HAM10000, ISIC, MedMNIST, Kaggle).
SYNONYMS = {
    "akiec": (
        "actinic keratoses",
        "ak", "ack", "actinic keratosis", "solar or actinic keratosis", "solar keratosis", "bowen disease",
        "bowens disease", "bowen s disease",
        "intraepithelial carcinoma", "actinic keratoses and intraepithelial carcinoma",
        "actinic keratosis bowen s disease intraepithelial carcinoma",
    ),
    "bcc": ("basal cell carcinoma", "basal cell carcinomas", "basal cell carcinoma nos"),
    "bkl": (
        "benign keratoses",
        "benign keratosis", "benign keratosis like lesion", "benign keratosis like lesions", "seborrheic keratosis",
        "seborrheic keratoses", "seborrhoeic keratosis", "seborrhoeic keratoses", "pigmented benign keratosis",
        "seb k", "sek", "solar lentigo", "lichen planus like keratosis",
    ),
    "df": ("dermatofibroma", "dermatofibromas"),
    "mel": (
        "melanoma", "melanomas", "malignant melanoma", "melanoma nos", "melanoma invasive", "melanoma in situ",
        "melanoma metastasis",
    ),
    "nv": (
        "melanocytic nevus",
        "nev", "nevus", "nevi", "naevus", "naevi", "melanocytic nevi", "melanocytic naevus", "melanocytic naevi",
        "mole", "moles",
    ),
    "vasc": (
        "vascular lesion",
        "vascular", "vascular lesions", "vascular skin lesion", "vascular skin lesions", "angioma", "hemangioma",
        "haemangioma",
    ),
}  # fmt: skip


def code_of_name(name: str) -> str | None:
    """The code of a class from its code, name or common synonym, in any spelling; None if there is none."""
    return _CODE_OF.get(plain(name))


def is_beyond(label: str) -> bool:
    """Whether a label is a diagnosis, or the lack of one, that public sets have beside the seven classes."""
    return plain(label) in _BEYOND


def plain(name: str) -> str:
    """A name in small letters, with single blanks between its words."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


_CODE_OF = {plain(name): kind.code for kind in CLASSES for name in (kind.code, *SYNONYMS[kind.code])}
# Of ISIC 2019, PAD-UFES-20 and BCN20000.
_BEYOND = {"scc", "squamous cell carcinoma", "squamous cell carcinoma nos", "unk", "other", "scar"}
