"""What kind of file it is: told by how its content begins, and by its name only where the content does not say."""

from __future__ import annotations

import os

PHOTO_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".pjpeg", ".pjp", ".png", ".apng", ".gif", ".webp", ".avif",
    ".bmp", ".dib", ".heic", ".heif", ".hif",
}  # fmt: skip
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
START_BYTES = 512  # of a file, by which its kind is told
CONVERT = "convert it to JPEG or PNG"
UNPACK = "unpack it"
# Kinds that are not read, by name, each with the reason and the remedy.
_UNREAD = {
    "TIFF is not read: " + CONVERT: (".tif", ".tiff"),
    "a camera's raw file is not read: " + CONVERT: (
        ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".raf", ".rw2", ".pef", ".srw",
        ".raw", ".x3f", ".3fr", ".erf", ".kdc", ".mrw",
    ),
    "JPEG 2000 is not read: " + CONVERT: (".jp2", ".j2k", ".jpf", ".jpx"),
    "JPEG XL is not read: " + CONVERT: (".jxl",),
    "Photoshop's own kind is not read: " + CONVERT: (".psd",),
    "DICOM is not read: " + CONVERT: (".dcm", ".dicom"),
    "SVG is not read: " + CONVERT: (".svg",),
    "this kind of archive is not read: " + UNPACK: (
        ".rar", ".7z", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst",
    ),
    "a workbook is not read: save the table as CSV": (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"),
}  # fmt: skip
_OF_SUFFIX = {suffix: reason for reason, suffixes in _UNREAD.items() for suffix in suffixes}
_BRANDS = {b"avif": "", b"avis": "", b"crx ": _OF_SUFFIX[".cr3"], b"jp2 ": _OF_SUFFIX[".jp2"]}
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes that the second header of a BMP file may have
# What systems, disk stations and programs leave among photos: nobody misses it.
_DROPPINGS = {
    "__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found",
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r",
}  # fmt: skip


def suffix_of(name: str) -> str:
    """What a file's name ends in, in small letters; a path object a file would cost more than the disk."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def image_id_of(text: str) -> str:
    """The id in a cell of a table, which may be a file's name or path: without folders and the ending of a picture."""
    if (suffix := suffix_of(text)) not in PHOTO_SUFFIXES and suffix not in _OF_SUFFIX:
        return text
    return text.replace("\\", "/").rpartition("/")[2][: -len(suffix)]


def is_dropping(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or something that a system leaves there."""
    return (
        name.startswith(".") or name.lower() in _DROPPINGS or name.lower().endswith(("@synoeastream", "@synoresource"))
    )


def is_archive(name: str) -> bool:
    """Whether a file of this name is looked into: a zip file or a tar file."""
    return name.lower().endswith((".zip", *TAR_SUFFIXES))


def is_photo(start: bytes) -> bool:
    """Whether a file that begins so is a photo of a kind that is read."""
    if start[:4] == b"RIFF":
        return start[8:12] == b"WEBP"
    if start[:2] == b"BM":
        return int.from_bytes(start[14:18], "little") in _BMP_HEADERS
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")) or (
        start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis", *_HEIC)
    )


def why_unread(name: str, start: bytes) -> str | None:
    """Why a picture or an archive of this name and beginning is not read, and what to do; None of any other file."""
    by_name = next((reason for suffix, reason in _OF_SUFFIX.items() if name.lower().endswith(suffix)), None)
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12]) or by_name
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return by_name or _OF_SUFFIX[".tif"]
    for suffix, begins in ((".psd", b"8BPS"), (".jxl", b"\xff\x0a"), (".jxl", b"\0\0\0\x0cJXL "), (".rar", b"Rar!\x1a"),
                           (".jp2", b"\0\0\0\x0cjP  "), (".j2k", b"\xff\x4f\xff\x51"), (".7z", b"7z\xbc\xaf"),
                           (".raf", b"FUJIFILMCCD-RAW")):  # fmt: skip
        if start.startswith(begins):
            return _OF_SUFFIX[suffix]
    if start[128:132] == b"DICM":
        return _OF_SUFFIX[".dcm"]
    return by_name
