"""Photos and tables with one mark wherever a name may stand, and a search for it in every byte of a site."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageCms, PngImagePlugin

from tests.photo_sets import CODES, class_folder_files, photo, picture, table, zipped

MARK = "Zwetschgenmus"  # stands in no other file, and is as long as what it replaces in a colour profile
SPELLINGS = [MARK.lower().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
ARTIST, DESCRIPTION, MAKER_NOTE, USER_COMMENT = 0x013B, 0x010E, 0x927C, 0x9286  # EXIF tags
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


def marked(seed: int, kind: str = "JPEG") -> bytes:
    """A photo whose EXIF (GPS and maker's note too), comments, text and colour profile bear the mark."""
    exif, text, file = Image.Exif(), PngImagePlugin.PngInfo(), io.BytesIO()
    exif[ARTIST] = exif[DESCRIPTION] = MARK
    exif.get_ifd(EXIF_IFD).update({MAKER_NOTE: MARK.encode(), USER_COMMENT: b"UNICODE\0" + MARK.encode("utf-16-le")})
    exif.get_ifd(GPS_IFD).update({27: MARK.encode(), 28: MARK.encode()})
    text.add_text("Patient", MARK)
    text.add_itxt("Comment", MARK)
    how = {"comment": MARK} if kind == "JPEG" else {"pnginfo": text}
    Image.fromarray(picture(seed)).save(file, kind, exif=exif, icc_profile=_marked_profile(), **how)
    return file.getvalue()


def marked_class_folders(count: int) -> dict[str, bytes]:
    """Class folders with a broken file, one that is no photo, one stored twice, and one in a zip beside its folder."""
    files = {
        f"{MARK}/{name.replace('photo', MARK)}": marked(number) for number, name in enumerate(class_folder_files(count))
    }
    first = f"{MARK} 00.jpg"
    return {
        **files,
        f"{MARK}/mel/again {MARK}.png": marked(4, "PNG"),
        f"{MARK}/nv/broken {MARK}.jpg": marked(1)[:500],
        f"{MARK}/nv/none {MARK}.jpg": MARK.encode(),
        f"{MARK}/{CODES[0]}.zip": zipped({first: marked(0)}),
    }


def marked_table(count: int) -> bytes:
    """HAM10000's layout in a zip: private ids, free text in every column, and rows and a file that are left out."""
    header = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "dataset", "patient"]
    free = [f"{MARK}s doctor", MARK, f"Mrs {MARK}", f"arm of {MARK}", f"=1+1|{MARK}", MARK]
    # The first begins as public ids do.
    ids = [f"ISIC_00243{number:02d}_{MARK}" if number < 4 else f"{MARK} {number}" for number in range(count)]
    rows = [[f"HAM_0000118 {MARK} {n}", image, CODES[n % 7], *free] for n, image in enumerate(ids)]
    rows += [[MARK, f"unknown {MARK}", f"wart of {MARK}", *free], [MARK, f"gone {MARK}", "nv", *free]]
    photos = {f"{MARK}/{image}.jpg": marked(1000 + number) for number, image in enumerate(ids)}
    return zipped({
        f"{MARK}/patients {MARK}.csv": table([header, *rows]),
        **photos,
        f"{MARK}/stranger {MARK}.jpg": photo(2000),
    })  # fmt: skip


def marks_in(folder: Path) -> list[str]:
    """The files with the mark in their name or content, in any of its spellings, in base64 too."""
    return [
        file.relative_to(folder).as_posix()
        for file in sorted(folder.rglob("*"))
        if any(spelling in content.lower() for content in _contents(file, folder) for spelling in SPELLINGS)
    ]


def _contents(file: Path, folder: Path) -> Iterator[bytes]:
    yield file.relative_to(folder).as_posix().encode()
    if file.is_file():
        content = file.read_bytes()
        yield content
        for text in re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", content):
            yield base64.b64decode(text + b"=" * (-len(text) % 4)) if len(text.rstrip(b"=")) % 4 != 1 else b""


def _marked_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace("sRGB built-in".encode("utf-16-be"), MARK.encode("utf-16-be"))
