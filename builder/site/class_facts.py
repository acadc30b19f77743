"""Facts for the page about the seven classes, besides texts: urgency, sources, and a drawing of each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from builder.data.demo.draw import draw_demo_photo
from builder.site.citations import Source

DRAWING_PX = (480, 360)  # twice what the page shows, for dense screens
QUALITY = 82  # of WebP: no block shows
SEED = 7  # of the drawings below


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """Facts about a class, for all languages. `urgency` is a message: urgency.days, .weeks or .changes."""

    urgency: str
    drawing: int  # a photo of the demo data that shows the signs well
    sources: tuple[Source, ...]


ABCDE = Source(
    "AAD",
    "What to look for: ABCDEs of melanoma",
    "https://www.aad.org/public/diseases/skin-cancer/find/at-risk/abcdes",
)


def _aad(title: str, path: str) -> Source:
    return Source("AAD", title, f"https://www.aad.org/public/diseases/{path}")


def _bad(title: str, path: str) -> Source:
    return Source("BAD", title, f"https://www.bad.org.uk/pils/{path}/")


def _dermnet(title: str, path: str) -> Source:
    return Source("DermNet", title, f"https://dermnetnz.org/topics/{path}")


def _nhs(title: str, path: str) -> Source:
    return Source("NHS", title, f"https://www.nhs.uk/conditions/{path}/")


FACTS = {
    "akiec": ClassFacts("weeks", 66, (
        _nhs("Actinic keratoses", "actinic-keratoses"),
        _aad("Actinic keratosis: Overview", "skin-cancer/actinic-keratosis-overview"),
        _dermnet("Actinic keratosis", "actinic-keratosis"),
    )),
    "bcc": ClassFacts("weeks", 112, (
        _nhs("Non-melanoma skin cancer", "non-melanoma-skin-cancer"),
        _bad("Basal cell carcinoma", "basal-cell-carcinoma"),
        _dermnet("Basal cell carcinoma", "basal-cell-carcinoma"),
    )),
    "bkl": ClassFacts("changes", 53, (
        _aad("Seborrheic keratoses: Overview", "a-z/seborrheic-keratoses-overview"),
        _dermnet("Seborrhoeic keratosis", "seborrhoeic-keratosis"),
    )),
    "df": ClassFacts("changes", 114, (
        _bad("Dermatofibroma", "dermatofibroma"),
        _dermnet("Dermatofibroma", "dermatofibroma"),
    )),
    "mel": ClassFacts("days", 124, (
        _nhs("Melanoma skin cancer", "melanoma-skin-cancer"),
        ABCDE,
        _dermnet("Melanoma", "melanoma"),
    )),
    "nv": ClassFacts("changes", 16, (
        _nhs("Moles", "moles"),
        _aad("Moles: Overview", "a-z/moles-overview"),
        _dermnet("Melanocytic naevus", "melanocytic-naevus"),
    )),
    "vasc": ClassFacts("changes", 100, (
        _dermnet("Cherry angioma", "cherry-angioma"),
        _dermnet("Pyogenic granuloma", "pyogenic-granuloma"),
    )),
}  # fmt: skip


def draw_classes(into: Path) -> None:
    """Save a drawing of each class's signs as `into`/<code>.webp."""
    into.mkdir(parents=True)
    for code, facts in FACTS.items():
        width, height = DRAWING_PX
        drawn = draw_demo_photo(facts.drawing, SEED, width_px=width, height_px=height, in_focus=True)
        assert drawn.code == code, f"photo {facts.drawing} of the demo data shows {drawn.code} instead of {code}"
        Image.fromarray(drawn.pixels).save(into / f"{code}.webp", quality=QUALITY, method=6)
