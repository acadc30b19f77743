"""Reads ISIC 2018 Task 3: a one-hot ground truth for each part, lesion groupings, and folders or zips of photos."""

from __future__ import annotations

from pathlib import PurePosixPath

from builder.classes import CODES
from builder.data.sources.file_kinds import image_id_of
from builder.data.sources.ham10000 import BCN20000_CITATION, CITATION, LICENCE, match_files, one_diagnosis_a_lesion
from builder.data.sources.listing import DETAILS, Entry, LeftOut, Listing, Place, unknown_label
from builder.data.sources.photo_files import Found, by_name
from builder.data.sources.tables import columns_of, missing_columns, read_table

CODE_OF_COLUMN = {
    "MEL": "mel", "NV": "nv", "BCC": "bcc", "AKIEC": "akiec", "BKL": "bkl", "DF": "df", "VASC": "vasc",
}  # fmt: skip
# In 2019, AKIEC without Bowen's disease, and two more: squamous cell carcinoma and, in the test set, unknown.
CODE_OF_COLUMN_2019 = {
    "MEL": "mel", "NV": "nv", "BCC": "bcc", "AK": "akiec", "BKL": "bkl", "DF": "df", "VASC": "vasc",
    "SCC": "scc", "UNK": "unk",
}  # fmt: skip
CHALLENGE = (
    "Codella N. et al.: Skin Lesion Analysis Toward Melanoma Detection 2018: A Challenge Hosted by the International "
    "Skin Imaging Collaboration (ISIC). arXiv:1902.03368, 2019"
)


def ground_truths(found: Found) -> list[PurePosixPath]:
    """The tables that have one column for each of the seven classes."""
    return [
        path
        for path, place in found.tables.items()
        if not missing_columns(columns := columns_of(path, place), ("image", *CODE_OF_COLUMN)) or _is_of_2019(columns)
    ]


def list_isic2018(found: Found, truths: list[PurePosixPath]) -> Listing:
    """List the photos of these ground truths; if there are several, each one is a part of its own."""
    lesions, confirmed = _lesion_groupings(found)
    is_2019 = any(_is_of_2019(columns_of(truth, found.tables[truth])) for truth in truths)
    files, passed_over = by_name(item for item in found.photos.items() if "segmentation" not in str(item[0]).lower())
    entries: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    doubted: set[str] = set()
    for truth in truths:
        part = _part_of(truth) if len(truths) > 1 else ""
        of_2019 = _is_of_2019(columns_of(truth, found.tables[truth]))
        columns = CODE_OF_COLUMN_2019 if of_2019 else CODE_OF_COLUMN
        for number, line in enumerate(read_table(truth, found.tables[truth], ("image", *columns)), start=2):
            image, codes = image_id_of(line["image"]), [code for name, code in columns.items() if _is_one(line[name])]
            if not image:
                left_out.append((f"line {number}", f"{truth.name} gives no image id"))
            elif len(codes) == 1 and codes[0] not in CODES:
                left_out.append((image, unknown_label(codes[0])))
            elif len(codes) != 1:
                left_out.append((image, f"it has {len(codes)} labels instead of one"))
            elif image in entries and entries[image].code != codes[0]:
                doubted.add(image)
            elif image in entries:
                left_out.append((image, "a ground truth names it twice"))
            elif lesions and not of_2019 and part in ("", "training") and image not in lesions:
                left_out.append(
                    (image, "the lesion groupings do not name it, so it cannot be kept out of the other parts")
                )
            else:
                details = (confirmed.get(image, ""), *[""] * (len(DETAILS) - 1))
                entries[image] = Entry(image, lesions.get(image, ""), codes[0], None, part, details)
    left_out += [(image, "the ground truth says two things of it") for image in sorted(doubted)]
    kept, left_out = one_diagnosis_a_lesion([entries[image] for image in sorted(set(entries) - doubted)], left_out)
    present, missing = match_files(kept, files, said_by="the ground truth")
    return Listing(
        source="isic2019" if is_2019 else "isic2018",
        title="ISIC 2019" if is_2019 else "ISIC 2018, Task 3",
        entries=present,
        left_out=[*found.left_out, *left_out, *missing, *_unnamed(files, entries, left_out)],
        passed_over=[*found.passed_over, *passed_over],
        licence=LICENCE,
        citation=f"{BCN20000_CITATION}; {CHALLENGE}. {CITATION}" if is_2019 else f"{CHALLENGE}. {CITATION}",
    )


def _lesion_groupings(found: Found) -> tuple[dict[str, str], dict[str, str]]:
    """Lesion id and type of confirmation of each image, from the table that has both."""
    for path, place in found.tables.items():
        columns = columns_of(path, place)
        if {"image", "lesion_id"} <= set(columns) and {"diagnosis_confirm_type", "anatom_site_general"} & set(columns):
            lines = list(read_table(path, place, ("image", "lesion_id"), ("dx_type",)))
            lesions = {image_id_of(line["image"]): line["lesion_id"] for line in lines if line["lesion_id"]}
            return lesions, {image_id_of(line["image"]): line.get("dx_type", "") for line in lines}
    return {}, {}


def _is_of_2019(columns: list[str]) -> bool:
    return not missing_columns(columns, ("image", *CODE_OF_COLUMN_2019))


def _part_of(truth: PurePosixPath) -> str:
    return next((part for part in ("training", "validation", "test") if part in truth.name.lower()), "training")


def _is_one(value: str) -> bool:
    try:
        return float(value) == 1
    except ValueError:
        return False


def _unnamed(
    files: dict[str, tuple[PurePosixPath, Place]], entries: dict[str, Entry], left_out: list[LeftOut]
) -> list[LeftOut]:
    named = {name.casefold() for name in (*entries, *(name for name, _ in left_out))}
    return [
        (path.name, "no ground truth names it")
        for stem, (path, _) in sorted(files.items())
        if stem.casefold() not in named and not _is_of_part_without_truth(path)
    ]


def _is_of_part_without_truth(path: PurePosixPath) -> bool:
    """Whether the photo is of a part without a ground truth: ISIC did not publish one for some parts at first."""
    return any(
        part.lower().startswith(("isic2018_task3_validation", "isic2018_task3_test")) for part in path.parts[:-1]
    )
