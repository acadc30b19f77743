"""Decides what may leave `work/` about a source: public ids, numbers for all other ids, and known words.

Names of files and folders, ids and free text in a table may contain names of people. `builder.data.store` keeps them in
`names.json`, which only `python build.py data` reads. All later stages, and so the site, get only what this module
returns.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from builder.data.sources.listing import LeftOut

# The whole id, in ASCII: what begins with ISIC_ and goes on otherwise may hold anything.
PUBLIC_ID = re.compile(
    r"(ISIC|HAM|IL|MSK4)_[0-9]{7}|ISIC_[0-9]{7}_downsampled|BCN_[0-9]{7,10}"  # of the ISIC archive and of HAM10000
    r"|dermamnist_(train|val|test)_[0-9]{5,}|row [0-9]+"  # ours, for the rows of arrays
)
# Ids that are public in one set, and might name people in any other, by its source.
PUBLIC_IN = {"pad-ufes-20": re.compile(r"PAT_[0-9]{1,4}_[0-9]{1,4}_[0-9]{1,4}")}
SHORT_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")  # such as an age
SMALLEST_NUMBER = 100_000_000_000_000  # fifteen digits, as many as spreadsheets keep of a number

# Why a photo was left out, without what files and tables say; a reason is told by the first that is in it.
REASONS = (
    "the same name",
    "the metadata names it twice",
    "a ground truth names it twice",
    "says two things of it",
    "it is a folder",
    "it is no regular file",
    "it is packed in a way other than store and deflate",
    "names it, but there is no such file",
    "does not name it",
    "no ground truth names it",
    "gives no image id",
    "gives no lesion id",
    "has two diagnoses",
    "labels instead of one",
    "unknown label",
    "unknown part",
    "it lies in no class folder",
    "it is in the test data too",
    "the link leads nowhere",
    "the folder cannot be opened",
    "it cannot be opened",
    "climbs out of the zip file",
    "climbs out of the tar file",
    "it is a link or no regular file in its tar file",
    "it is no whole archive",
    "archives one in the other, too deep",
    "this kind of archive is not read",
    "a workbook is not read",
    "TIFF is not read",
    "a camera's raw file is not read",
    "JPEG 2000 is not read",
    "JPEG XL is not read",
    "Photoshop's own kind is not read",
    "DICOM is not read",
    "SVG is not read",
    "it is encrypted",
    "it cannot be read from its zip file",
    "too small",
    "too large",
    "scans",
    "not a photo this program can read",
    "the file is damaged or incomplete",
    "the file ends before it",
    "values that are no numbers",
    "levels outside 0 to 255",
)
OTHER_REASON = "another reason"

# What HAM10000, ISIC and the demo say of their photos. Of any other word only its number goes on.
KNOWN_WORDS = frozenset({
    "", "unknown", "male", "female",
    "histo", "histopathology", "follow_up", "consensus", "confocal", "serial imaging showing no change",
    "single image expert consensus", "confocal microscopy with consensus dermoscopy",
    "abdomen", "acral", "anterior torso", "arm", "back", "chest", "ear", "face", "foot", "genital", "hand",
    "head/neck", "lateral torso", "leg", "lower extremity", "neck", "oral/genital", "palms/soles",
    "posterior torso", "scalp", "torso", "trunk", "upper extremity",
    "rosendahl", "vidir_modern", "vidir_molemax", "vienna_dias", "bcn_20000", "ham10000", "msk",
    "i", "ii", "iii", "iv", "v", "vi", "hair", "no hair", "yes", "no",
    # Labels beyond the seven, as the ISIC archive, PAD-UFES and others have them, and the seven otherwise written.
    "scc", "squamous cell carcinoma", "unk", "other", "none", "normal", "healthy", "benign", "malignant",
    "indeterminate", "acrochordon", "angioma", "angiofibroma or fibrous papilla", "angiokeratoma", "hemangioma",
    "atypical melanocytic proliferation", "cafe-au-lait macule", "clear cell acanthoma", "dermatitis", "eczema",
    "lentigo", "lentigo nos", "lentigo simplex", "solar lentigo", "lichenoid keratosis", "melanoma in situ",
    "melanoma metastasis", "neurofibroma", "psoriasis", "scar", "sebaceous hyperplasia", "verruca", "wart", "warts",
    "ak", "ack", "actinic keratosis", "basal cell carcinoma", "dermatofibroma", "melanoma", "naevus", "nev", "nevus",
    "pigmented benign keratosis", "seborrheic keratosis", "sek", "sk", "vascular lesion",
})  # fmt: skip


def public_ids(
    image_ids: Sequence[str], lesion_ids: Sequence[str], pixels: NDArray[np.uint8], source: str = ""
) -> tuple[list[str], list[str]]:
    """Ids of images and lesions that may be published: public ids unchanged, numbers for all others.

    An image's number is a hash of its pixels in the network's input size, (photos, 75, 100, 3). So it stays the same
    when photos are added, renamed or read from elsewhere; `compare` can tell that two builds with this number were
    tested on the same photo; and nobody can find out a name by guessing names, as they could with a hash of the name.
    Whoever has the photo itself can find its row anyway, by the probabilities in it. A running number would reveal as
    little, but the same photo would have different numbers in two data sets, and all numbers would shift when a photo
    is added.

    A lesion gets the smallest id of its images.
    """
    given: set[str] = set()
    images = [
        public_image_id(image_id, photo, given, source) for image_id, photo in zip(image_ids, pixels, strict=True)
    ]
    return images, public_lesion_ids(images, lesion_ids)


def public_image_id(image_id: str, photo: NDArray[np.uint8], given: set[str], source: str = "") -> str:
    """The public id of one image; given: the numbers of other images, to which this function adds a new one."""
    return image_id if _is_public(image_id, source) else _number_of(photo.tobytes(), given)


def public_lesion_ids(images: Sequence[str], lesion_ids: Sequence[str]) -> list[str]:
    """The public ids of the lesions; images: the public ids of the photos."""
    smallest: dict[str, str] = {}
    for image, lesion in zip(images, lesion_ids, strict=True):
        smallest[lesion] = min(image, smallest.get(lesion, image))
    return [lesion if PUBLIC_ID.fullmatch(lesion) else smallest[lesion] for lesion in lesion_ids]


def _is_public(image_id: str, source: str) -> bool:
    return bool(PUBLIC_ID.fullmatch(image_id) or (source in PUBLIC_IN and PUBLIC_IN[source].fullmatch(image_id)))


def _number_of(photo: bytes, given: set[str]) -> str:
    """A number from the photo's content and from how many photos have it already: a photo may be there twice."""
    copies = 0
    while True:
        digest = hashlib.sha256(photo + copies.to_bytes(4, "big")).digest()
        number = str(SMALLEST_NUMBER + int.from_bytes(digest[:8], "big") % (9 * SMALLEST_NUMBER))
        if number not in given:
            given.add(number)
            return number
        copies += 1


def count_reasons(left_out: Iterable[LeftOut]) -> list[dict[str, str | int]]:
    """How many files were left out for each reason, the commonest reason first."""
    counts = Counter(next((known for known in REASONS if known in reason), OTHER_REASON) for _, reason in left_out)
    return [{"reason": reason, "files": files} for reason, files in sorted(counts.items(), key=lambda of: (-of[1], of))]


def known_words(values: Sequence[str]) -> list[str]:
    """A column of free text as known words and short numbers; all other texts become numbers, in alphabetical order."""
    others = sorted(
        {value for value in values if value.lower() not in KNOWN_WORDS and not SHORT_NUMBER.fullmatch(value)}
    )
    number_of = {value: f"value {number}" for number, value in enumerate(others, start=1)}
    return [number_of.get(value, value) for value in values]
