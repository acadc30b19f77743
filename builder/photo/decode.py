"""Decodes a photo file to upright pixels in sRGB, on white."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from builder.errors import BuildError
from builder.files.regular import status_of
from builder.photo.frame import Pixels
from builder.photo.plain_jpeg import MOST_SCANS, Scratch, decode_plain_jpeg, has_too_many_scans, plain_jpeg
from builder.photo.size import MAX_MEGAPIXELS

Source: TypeAlias = str | os.PathLike[str] | bytes
MAX_FILE_BYTES = 500_000_000  # more than any of so many pixels: a bomb or a mistake
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")  # what every browser decodes too
HEIF = "HEIF"  # what phones save; of browsers only Safari decodes it
BLOCK_ROWS = 256  # rows converted at a time, so that a 50-megapixel photo is never held as floats
# Ways in which Pillow's decoders report a damaged file, or one that would take more memory than there is.
DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError, RuntimeError,
    ArithmeticError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
# read_photo has a tighter limit of its own and refuses before decoding; Pillow's would only add a warning.
Image.MAX_IMAGE_PIXELS = None
# What Pillow has to say of damaged EXIF and odd tags: such photos are shown all the same, as browsers show them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# EXIF orientation -> (swap rows and columns, then mirror top to bottom, then mirror left to right).
_UPRIGHT = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip
_ORIENTATION_TAG = 0x0112
_SRGB: Any = ImageCms.createProfile("sRGB")
_SRGB_GAMMA = 0.45455  # what PNG files that mean sRGB say of it
_COLOUR_KEYS = ("icc_profile", "gamma", "srgb")
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC  # what browsers use: colours inside sRGB stay as they are


class PhotoProblem(BuildError):
    """A photo that cannot be used, and what the user can do about it."""


def read_photo(source: Source, scratch: Scratch | None = None) -> Pixels:
    """Decode a photo upright, in sRGB, on white; shape (height, width, 3). Raises PhotoProblem.

    scratch: reused memory, for callers that read many photos and finish each before the next. JPEG is decoded at full
    size even for training: at half size, 1 of 24 real photos was off by 5 levels.
    """
    try:
        content = source if isinstance(source, bytes) else _content(source)
    except OSError as error:
        raise PhotoProblem(f"{name_of(source)}: {error.strerror}", remedy="check the path of the photo") from error
    if has_too_many_scans(content):
        raise PhotoProblem(f"{name_of(source)}: more than {MOST_SCANS} scans", remedy="save the photo again")
    try:
        if (pixels := _read_plain_jpeg(content, scratch)) is not None:
            return pixels
        with Image.open(io.BytesIO(content), formats=_formats_of(content)) as image:
            _refuse_too_large(image, name_of(source))
            image.load()
            if image.format == "PNG" and not _is_whole_png(content):
                raise EOFError("its end is missing")
            return _upright(_srgb_on_white(image), _orientation(image))
    except UnidentifiedImageError as error:
        raise PhotoProblem(f"{name_of(source)}: not a photo this program can read", remedy=_remedy(content)) from error
    except DAMAGED as error:
        raise PhotoProblem(
            f"{name_of(source)}: the file is damaged or incomplete ({error})", remedy="copy or download the photo again"
        ) from error


def _content(path: str | os.PathLike[str]) -> bytes:
    size = status_of(path).st_size
    if size > MAX_FILE_BYTES:
        raise PhotoProblem(f"{name_of(path)}: too large ({size / 1e6:.0f} MB)", remedy="save a smaller copy")
    with open(path, "rb") as file:
        return file.read()


def _read_plain_jpeg(content: bytes, scratch: Scratch | None) -> Pixels | None:
    """Decode a JPEG the fast way; None if it is not a JPEG, or if it needs Pillow."""
    found = plain_jpeg(content)
    if found is None or found.width * found.height > MAX_MEGAPIXELS * 1_000_000:
        return None
    pixels = decode_plain_jpeg(content, found, scratch)
    if pixels is None or not found.has_notes:
        return pixels
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        return _upright(pixels, _orientation(image))


def _formats_of(content: bytes) -> tuple[str, ...]:
    """What Pillow is to look for; the decoder of HEIC is loaded when there is one to decode."""
    if content[4:8] != b"ftyp" or content[8:12].startswith(b"avi"):
        return FORMATS
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False)
    return (*FORMATS, HEIF)


def _is_whole_png(content: bytes) -> bool:
    """Whether a PNG has its closing chunk: Pillow shows a PNG without one, browsers do not.

    Chromium 156 checks the length and type of that chunk, but not its checksum.
    """
    at = 8  # chunks of length, kind, data and checksum follow the signature
    while at + 8 <= len(content):
        if content[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return False


def _refuse_too_large(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise PhotoProblem(
            f"{name}: too large ({width * height / 1e6:.0f} megapixels; the limit is {MAX_MEGAPIXELS})",
            remedy="save a smaller copy, or cut out the part with the spot",
        )


def _orientation(image: Image.Image) -> int:
    if image.format == HEIF:
        return 1  # its own transformations are applied when it is decoded; phones ignore EXIF beside these
    if image.format == "WEBP":
        return 1  # Chromium does not turn WebP photos; no camera writes them
    # A camera's EXIF block may be damaged while the photo is whole: browsers then show it as it is stored.
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except (SyntaxError, ValueError, TypeError, OSError):
        return 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Rotate the stored pixels to how the camera was held; a view, not a copy."""
    swap, upside_down, mirrored = _UPRIGHT.get(orientation, _UPRIGHT[1])
    if swap:
        pixels = pixels.transpose(1, 0, 2)
    return pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1]


def _srgb_on_white(image: Image.Image) -> Pixels:
    """Convert any mode to 8-bit sRGB without transparency, shape (height, width, 3)."""
    if image.mode.startswith("I"):  # 16-bit grey: browsers keep the high byte
        image = _with_info_of(image, Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)))
    alpha = None
    if image.has_transparency_data:
        image = _with_info_of(image, image.convert("RGBA"))
        alpha = image.getchannel("A")
    colour = _to_srgb(image)
    return np.asarray(colour) if alpha is None else _on_white(colour, alpha)


def _with_info_of(original: Image.Image, converted: Image.Image) -> Image.Image:
    """Copy the colour information that a conversion loses."""
    converted.info.update({key: original.info[key] for key in _COLOUR_KEYS if key in original.info})
    return converted


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert an embedded colour profile; ignore a damaged profile or one for another colour space."""
    profile, gamma = image.info.get("icc_profile"), image.info.get("gamma")
    source = image if image.mode in ("L", "CMYK", "RGB") else image.convert("RGB")
    if profile:
        try:
            return _converted(source, profile)
        except ImageCms.PyCMSError:
            return source.convert("RGB")
    rgb = source if source.mode == "RGB" else source.convert("RGB")
    if gamma and abs(gamma - _SRGB_GAMMA) > 0.01 and "srgb" not in image.info:
        return rgb.point(_gamma_curve(gamma) * 3)
    return rgb


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    converted = ImageCms.profileToProfile(image, io.BytesIO(profile), _SRGB, renderingIntent=_INTENT, outputMode="RGB")
    assert converted is not None  # it is only where the image is changed in place
    return converted


def _gamma_curve(gamma: float) -> list[int]:
    """A table for the `gAMA` chunk of an old PNG: from each of the 256 levels to linear light, and back to sRGB."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(level) for level in np.floor(srgb * 255 + 0.5)]


def _on_white(colour: Image.Image, alpha: Image.Image) -> Pixels:
    """Put the photo on white, as it would look on paper."""
    pixels = np.array(colour)
    opacity = np.asarray(alpha)
    for top in range(0, len(pixels), BLOCK_ROWS):
        rows = slice(top, top + BLOCK_ROWS)
        share = opacity[rows, :, None].astype(np.uint32)
        pixels[rows] = (pixels[rows] * share + 255 * (255 - share) + 127) // 255
    return pixels


def name_of(source: Source) -> str:
    return "the photo" if isinstance(source, bytes) else Path(source).name


def _remedy(content: bytes) -> str:
    if content[:4] in (b"II*\0", b"MM\0*") or content[4:8] == b"ftyp":
        return "convert it to JPEG or PNG first (TIFF and this kind of HEIC are not read)"
    return f"use a file of one of these kinds: {', '.join((*FORMATS, 'HEIC'))}"
