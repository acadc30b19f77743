"""Reads ISIC 2018 Task 3: a one-hot ground truth for each part, lesion groupings, and folders or zips of photos."""

from __future__ import annotations

from pathlib import PurePosixPath

from builder.data.sources.ham10000 import CITATION, LICENCE, match_files, one_diagnosis_a_lesion
from builder.data.sources.listing import DETAILS, Entry, LeftOut, Listing, Place
from builder.data.sources.photo_files import Found, by_name
from builder.data.sources.tables import columns_of, read_table

CODE_OF_COLUMN = {
    "MEL": "mel", "NV": "nv", "BCC": "bcc", "AKIEC": "akiec", "BKL": "bkl", "DF": "df", "VASC": "vasc",
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
        if path.suffix.lower() == ".csv" and {"image", *CODE_OF_COLUMN} <= set(columns_of(path, place))
    ]


def list_isic2018(found: Found, truths: list[PurePosixPath]) -> Listing:
    """List the photos of these ground truths; if there are several, each one is a part of its own."""
    lesions, confirmed = _lesion_groupings(found)
    files, passed_over = by_name(item for item in found.photos.items() if "segmentation" not in str(item[0]).lower())
    entries: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    doubted: set[str] = set()
    for truth in truths:
        part = _part_of(truth) if len(truths) > 1 else ""
        for number, line in enumerate(read_table(truth, found.tables[truth], ("image", *CODE_OF_COLUMN)), start=2):
            image, codes = line["image"], [code for column, code in CODE_OF_COLUMN.items() if _is_one(line[column])]
            if not image:
                left_out.append((f"line {number}", f"{truth.name} gives no image id"))
            elif len(codes) != 1:
                left_out.append((image, f"it has {len(codes)} labels instead of one"))
            elif image in entries and entries[image].code != codes[0]:
                doubted.add(image)
            elif image in entries:
                left_out.append((image, "a ground truth names it twice"))
            elif lesions and part in ("", "training") and image not in lesions:
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
        source="isic2018",
        title="ISIC 2018, Task 3",
        entries=present,
        left_out=[*found.left_out, *left_out, *missing, *_unnamed(files, entries, left_out)],
        passed_over=[*found.passed_over, *passed_over],
        licence=LICENCE,
        citation=f"{CHALLENGE}. {CITATION}",
    )


def _lesion_groupings(found: Found) -> tuple[dict[str, str], dict[str, str]]:
    """Lesion id and type of confirmation of each image, from the table that has both."""
    for path, place in found.tables.items():
        if {"image", "lesion_id", "diagnosis_confirm_type"} <= set(columns_of(path, place)):
            lines = list(read_table(path, place, ("image", "lesion_id", "diagnosis_confirm_type")))
            lesions = {line["image"]: line["lesion_id"] for line in lines if line["lesion_id"]}
            return lesions, {line["image"]: line["diagnosis_confirm_type"] for line in lines}
    return {}, {}


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
    named = set(entries) | {name for name, _ in left_out}
    return [
        (path.name, "no ground truth names it")
        for stem, (path, _) in sorted(files.items())
        if stem not in named and not _is_of_part_without_truth(path)
    ]


def _is_of_part_without_truth(path: PurePosixPath) -> bool:
    """Whether the photo is of a part without a ground truth: ISIC did not publish one for some parts at first."""
    return any(
        part.lower().startswith(("isic2018_task3_validation", "isic2018_task3_test")) for part in path.parts[:-1]
    )
