"""Reads HAM10000 as Harvard Dataverse and Kaggle provide it: metadata beside folders or zip files of photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from sys import intern

from builder.classes import CODES
from builder.data.sources.file_kinds import image_id_of
from builder.data.sources.labels import code_of_name
from builder.data.sources.listing import DETAILS, Entry, LeftOut, Listing, Place, unknown_label
from builder.data.sources.photo_files import Found, by_name
from builder.data.sources.tables import Line, columns_of, read_table

METADATA = "HAM10000_metadata"  # .csv, Dataverse's .tab, or without a suffix as Dataverse first had it
TEST_METADATA = "ISIC2018_Task3_Test_GroundTruth"  # as Dataverse hands it out: the same columns
COLUMNS = ("lesion_id", "image_id", "dx")
PART_NAMES = {
    "training": "training", "train": "training",
    "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
CITATION = (
    "Tschandl P., Rosendahl C., Kittler H.: The HAM10000 dataset, a large collection of multi-source dermatoscopic "
    "images of common pigmented skin lesions. Scientific Data 5:180161, 2018. doi:10.1038/sdata.2018.161"
)
LICENCE = "CC BY-NC 4.0"
PAD_UFES_20_COLUMNS = {"patient_id", "lesion_id", "img_id", "diagnostic"}
PAD_UFES_20_LICENCE = "CC BY 4.0"
PAD_UFES_20_CITATION = (
    "Pacheco A. et al.: PAD-UFES-20: a skin lesion dataset composed of patient data and clinical images collected from "
    "smartphones. Data in Brief 32:106221, 2020. doi:10.1016/j.dib.2020.106221"
)
BCN20000_CITATION = (
    "Hernandez-Perez C. et al.: BCN20000: Dermoscopic Lesions in the Wild. Scientific Data 11:641, 2024. "
    "doi:10.1038/s41597-024-03387-w"
)


def list_ham10000(found: Found, metadata: PurePosixPath) -> Listing:
    """List every photo in the metadata, sorted by image id.

    Photos that are missing, or that have no known label and lesion, are listed in `left_out`.
    """
    entries, left_out = _entries(read_table(metadata, found.tables[metadata], COLUMNS, ("part", *DETAILS)))
    files, passed_over = by_name(item for item in found.photos.items() if not _is_of_another_set(item[0], metadata))
    present, missing = match_files(entries, files, said_by="the metadata")
    source, title, licence, citation = _about(found, metadata)
    return Listing(
        source=source,
        title=title,
        entries=present,
        left_out=[*found.left_out, *left_out, *missing, *_unnamed(files, entries, left_out)],
        passed_over=[*found.passed_over, *passed_over],
        licence=licence,
        citation=citation,
    )


def _about(found: Found, metadata: PurePosixPath) -> tuple[str, str, str | None, str | None]:
    """Source, title, licence and citation: people may use HAM10000's format for photos of their own."""
    if metadata.stem.startswith(TEST_METADATA):
        return "isic2018", "the test set of ISIC 2018, Task 3", LICENCE, CITATION
    if metadata.stem == METADATA:
        return "ham10000", "HAM10000", LICENCE, CITATION
    columns = set(columns_of(metadata, found.tables[metadata]))
    if columns >= PAD_UFES_20_COLUMNS:
        return "pad-ufes-20", "PAD-UFES-20 (photos by smartphones)", PAD_UFES_20_LICENCE, PAD_UFES_20_CITATION
    if "bcn_filename" in columns or "bcn20000" in metadata.stem.lower():
        return "bcn20000", "BCN20000", LICENCE, BCN20000_CITATION
    return "table", "photos listed in a table", None, None


def match_files(
    entries: list[Entry], files: dict[str, tuple[PurePosixPath, Place]], *, said_by: str
) -> tuple[list[Entry], list[LeftOut]]:
    """Find the file of each entry by its image id; returns the entries with a file, and the others with the reason."""
    by_small = {stem.casefold(): file for stem, file in files.items()}
    found = [files.get(entry.image_id) or by_small.get(entry.image_id.casefold()) for entry in entries]
    reason = f"{said_by} names it, but there is no such file"
    return (
        [replace(entry, place=file[1]) for entry, file in zip(entries, found, strict=True) if file],
        [(entry.image_id, reason) for entry, file in zip(entries, found, strict=True) if not file],
    )


def _entries(lines: Iterable[Line]) -> tuple[list[Entry], list[LeftOut]]:
    entries: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    doubted: set[str] = set()
    for number, line in enumerate(lines, start=2):  # line 1 is the header
        details = tuple(intern(line.get(detail, "")) for detail in DETAILS)  # they repeat a few words
        part = line.get("part", "").lower()
        image_id, label = image_id_of(line["image_id"]), line["dx"]
        code = code_of_name(label) or label.lower()
        entry = Entry(image_id, line["lesion_id"], code, None, PART_NAMES.get(part, ""), details)
        first = entries.get(entry.image_id)
        if reason := _why_not(entry, part):
            left_out.append((entry.image_id or f"line {number}", reason))
        elif first is None:
            entries[entry.image_id] = entry
        elif (first.code, first.lesion_id) == (entry.code, entry.lesion_id):
            left_out.append((entry.image_id, "the metadata names it twice"))
        else:
            doubted.add(entry.image_id)
    left_out += [(image_id, "the metadata says two things of it") for image_id in sorted(doubted)]
    entries = {image_id: entry for image_id, entry in entries.items() if image_id not in doubted}
    return one_diagnosis_a_lesion([entries[image_id] for image_id in sorted(entries)], left_out)


def _why_not(entry: Entry, part: str) -> str | None:
    if not entry.image_id:
        return "the metadata gives no image id"
    if not entry.lesion_id:
        return "the metadata gives no lesion id, so it cannot be kept out of the other parts"
    if entry.code not in CODES:
        return unknown_label(entry.code)
    if part and not entry.part:
        return f"unknown part '{part}': known are training, validation and test"
    return None


def one_diagnosis_a_lesion(entries: list[Entry], left_out: list[LeftOut]) -> tuple[list[Entry], list[LeftOut]]:
    """Leave out all photos of a lesion with two diagnoses: one of them is wrong, and we cannot know which."""
    codes: dict[str, set[str]] = {}
    for entry in entries:
        codes.setdefault(entry.lesion_id, set()).add(entry.code)
    doubted = {lesion: " and ".join(sorted(of)) for lesion, of in codes.items() if lesion and len(of) > 1}
    reasons = [
        (entry.image_id, f"its lesion {entry.lesion_id} has two diagnoses: {doubted[entry.lesion_id]}")
        for entry in entries
        if entry.lesion_id in doubted
    ]
    return [entry for entry in entries if entry.lesion_id not in doubted], left_out + reasons


def _is_of_another_set(path: PurePosixPath, metadata: PurePosixPath) -> bool:
    """Whether the file belongs to Dataverse's zip files of the test set or of lesion outlines."""
    folders = " ".join(path.parts).lower()
    other = "ham10000_images" if metadata.stem.startswith(TEST_METADATA) else "isic2018_task3_test"
    return "segmentation" in folders or other in folders


def _unnamed(
    files: dict[str, tuple[PurePosixPath, Place]], entries: list[Entry], left_out: list[LeftOut]
) -> list[LeftOut]:
    named = {name.casefold() for name in (*(entry.image_id for entry in entries), *(name for name, _ in left_out))}
    return [
        (path.name, "the metadata does not name it")
        for stem, (path, _) in sorted(files.items())
        if stem.casefold() not in named
    ]
