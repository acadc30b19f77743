"""From a photo file to the pixels the network sees: decode upright, frame, shrink.

The page does the same in `web_template/js/photo/`; the two must agree (design, section 3).
"""

from __future__ import annotations

import io
import math
import os
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from builder.errors import BuildError
from builder.plain_jpeg import MOST_SCANS, Scratch, decode_plain_jpeg, has_too_many_scans, plain_jpeg
from builder.regular_file import status_of

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
Source: TypeAlias = str | os.PathLike[str] | bytes

WIDTH_PX, HEIGHT_PX = 100, 75  # a network's input as a rule, and the smallest frame that is not refused for any
MAX_MEGAPIXELS = 80  # a 50-megapixel camera and some; four bytes a pixel while it is decoded
MAX_FILE_BYTES = 500_000_000  # more than any of so many pixels: a bomb or a mistake
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")  # what every browser decodes too
TIE = 1e-6  # levels: a mean this close below a half rounds up, so that summing in another order changes nothing
MOST_SUMMED_PX = 256  # of one output pixel: more than 257 times 255 does not fit into 16 bits
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
    """A photo that cannot be used, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a photo the network sees, in pixels of the upright photo; edges may be fractions."""

    x: float
    y: float
    width: float
    height: float


def height_for(width_px: int) -> int:
    """How high an input of that width is: all are 4:3, so that a frame is the same for every network."""
    return width_px * HEIGHT_PX // WIDTH_PX


def photo_to_pixels(source: Source, width_px: int = WIDTH_PX) -> Pixels:
    """Turn a photo into what a network sees, shape (75, 100, 3), or as wide as is said. Raises PhotoProblem."""
    return frame_and_shrink(read_photo(source), _name(source), width_px)


def frame_and_shrink(pixels: Pixels, name: str, width_px: int = WIDTH_PX) -> Pixels:
    """Turn a decoded photo into what a network sees, shape (75, 100, 3), or as wide as is said. Raises PhotoProblem.

    A frame that is narrower than the input is enlarged by the same arithmetic, so that no network refuses, in training
    or in use, what another takes.
    """
    height, width, _ = pixels.shape
    frame = centred_frame(width, height)
    if frame.width < WIDTH_PX or frame.height < HEIGHT_PX:
        raise PhotoProblem(
            f"{name}: too small ({width} x {height} pixels; the network needs {WIDTH_PX} x {HEIGHT_PX})",
            remedy="take the photo from closer, or use the original instead of a thumbnail",
        )
    return shrink(pixels, frame, width_px, height_for(width_px))


def read_photo(source: Source, scratch: Scratch | None = None) -> Pixels:
    """Decode a photo upright, in sRGB, on white; shape (height, width, 3). Raises PhotoProblem.

    scratch: for whoever reads many photos, and is done with each before the next.
    JPEG is decoded at full size even for training: at half size, 1 of 24 real photos strayed by 5 levels.
    """
    try:
        content = source if isinstance(source, bytes) else _content(source)
    except OSError as error:
        raise PhotoProblem(f"{_name(source)}: {error.strerror}", remedy="check the path of the photo") from error
    if has_too_many_scans(content):
        raise PhotoProblem(f"{_name(source)}: more than {MOST_SCANS} scans", remedy="save the photo again")
    try:
        if (pixels := _read_plain_jpeg(content, scratch)) is not None:
            return pixels
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _refuse_too_large(image, _name(source))
            image.load()
            if image.format == "PNG" and not _is_whole_png(content):
                raise EOFError("its end is missing")
            return _upright(_srgb_on_white(image), _orientation(image))
    except UnidentifiedImageError as error:
        raise PhotoProblem(f"{_name(source)}: not a photo this program can read", remedy=_remedy(content)) from error
    except DAMAGED as error:
        raise PhotoProblem(
            f"{_name(source)}: the file is damaged or incomplete ({error})", remedy="copy or download the photo again"
        ) from error


def centred_frame(width: int, height: int) -> Frame:
    """The largest frame of the network's shape (4:3, landscape) in the middle of a photo."""
    if width * HEIGHT_PX > height * WIDTH_PX:
        frame_width = height * WIDTH_PX / HEIGHT_PX
        return Frame((width - frame_width) / 2, 0.0, frame_width, float(height))
    frame_height = width * HEIGHT_PX / WIDTH_PX
    return Frame(0.0, (height - frame_height) / 2, float(width), frame_height)


def shrink(pixels: Pixels, frame: Frame, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """Average the photo's area under each output pixel, fractions counted; shape (height_px, width_px, 3)."""
    factor = int(frame.width) // width_px
    if frame == Frame(0, 0, width_px * factor, height_px * factor) and factor * factor <= MOST_SUMMED_PX:
        return _mean_of_squares(pixels, factor)
    rows = _spans(frame.y, frame.height, height_px, pixels.shape[0])
    left, across = _shares_across(frame.x, frame.width, width_px, pixels.shape[1])
    right = left + len(across)
    down = np.empty((height_px, 3, right - left))
    for row, (first, weights) in enumerate(rows):
        block = pixels[first : first + len(weights), left:right]  # (input rows, input columns, 3)
        down[row] = (weights @ block.reshape(len(weights), -1).astype(np.float64)).reshape(-1, 3).T
    means = (down @ across).transpose(0, 2, 1)  # (height_px, width_px, 3)
    return np.floor(means + (0.5 + TIE)).astype(np.uint8)


def stretch(pixels: Pixels, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """Bring a whole picture of any size and shape to the network's: by area average, or enlarged (bilinear)."""
    height, width, _ = pixels.shape
    if width >= width_px and height >= height_px:
        return shrink(pixels, Frame(0.0, 0.0, float(width), float(height)), width_px, height_px)
    enlarged = Image.fromarray(pixels).resize((width_px, height_px), Image.Resampling.BILINEAR)
    return np.asarray(enlarged)


def _mean_of_squares(pixels: Pixels, factor: int) -> Pixels:
    """The mean of each square of `factor` x `factor` pixels: the general way's result, several times as fast."""
    height, width, _ = (side // factor for side in pixels.shape)
    lines = pixels[: height * factor, : width * factor].reshape(height, factor, -1)
    down = np.add.reduce(lines, axis=1, dtype=np.uint16).reshape(height * width, factor * 3)
    # As a product of matrices, for speed: whole numbers below 65,536 stay exact in 32-bit floats.
    sums: NDArray[np.uint16] = (down.astype(np.float32) @ _sum_of_channels(factor)).astype(np.uint16)
    area = factor * factor
    means: Pixels = ((sums + area // 2) // area).astype(np.uint8)
    return means.reshape(height, width, 3)


@lru_cache(maxsize=8)
def _sum_of_channels(pixels: int) -> NDArray[np.float32]:
    """A matrix that adds up, channel by channel, so many pixels lying in a row; shape (3 x pixels, 3)."""
    return np.tile(np.eye(3, dtype=np.float32), (pixels, 1))


# Photos of one set are mostly of a few sizes: what follows from a size alone is kept.
@lru_cache(maxsize=8)
def _shares_across(start: float, length: float, count: int, limit: int) -> tuple[int, Floats]:
    """The spans of a row as one matrix (input columns, output columns), and its first input column."""
    columns = _spans(start, length, count, limit)
    left, right = columns[0][0], columns[-1][0] + len(columns[-1][1])
    across = np.zeros((right - left, count))
    for column, (first, weights) in enumerate(columns):
        across[first - left : first - left + len(weights), column] = weights
    return left, across


@lru_cache(maxsize=16)
def _spans(start: float, length: float, count: int, limit: int) -> list[tuple[int, Floats]]:
    """For each of `count` equal parts of a stretch: its first input pixel, and the share of every pixel it covers."""
    step = length / count
    spans = []
    for part in range(count):
        low, high = start + part * step, start + (part + 1) * step
        first, last = math.floor(low), min(math.ceil(high), limit)
        edges = np.arange(first, last, dtype=np.float64)
        spans.append((first, (np.minimum(edges + 1, high) - np.maximum(edges, low)) / step))
    return spans


def _content(path: str | os.PathLike[str]) -> bytes:
    size = status_of(path).st_size
    if size > MAX_FILE_BYTES:
        raise PhotoProblem(f"{_name(path)}: too large ({size / 1e6:.0f} MB)", remedy="save a smaller copy")
    with open(path, "rb") as file:
        return file.read()


def _read_plain_jpeg(content: bytes, scratch: Scratch | None) -> Pixels | None:
    """Decode a JPEG the short way; None if it is none, or one that Pillow must look at."""
    found = plain_jpeg(content)
    if found is None or found.width * found.height > MAX_MEGAPIXELS * 1_000_000:
        return None
    pixels = decode_plain_jpeg(content, found, scratch)
    if pixels is None or not found.has_notes:
        return pixels
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        return _upright(pixels, _orientation(image))


def _is_whole_png(content: bytes) -> bool:
    """Whether a PNG goes on to its closing chunk: Pillow shows one without it, browsers do not.

    Of that chunk Chromium 156 wants length and kind, and not the checksum.
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
    if image.format == "WEBP":
        return 1  # Chromium does not turn WebP photos; no camera writes them
    # A camera's EXIF block may be damaged while the photo is whole: browsers then show it as it is stored.
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except (SyntaxError, ValueError, TypeError, OSError):
        return 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn the stored pixels the way the camera was held; a view, not a copy."""
    swap, upside_down, mirrored = _UPRIGHT.get(orientation, _UPRIGHT[1])
    if swap:
        pixels = pixels.transpose(1, 0, 2)
    return pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1]


def _srgb_on_white(image: Image.Image) -> Pixels:
    """Bring any mode to 8-bit sRGB without transparency, shape (height, width, 3)."""
    if image.mode.startswith("I"):  # 16-bit grey: browsers keep the high byte
        image = _with_info_of(image, Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)))
    alpha = None
    if image.has_transparency_data:
        image = _with_info_of(image, image.convert("RGBA"))
        alpha = image.getchannel("A")
    colour = _to_srgb(image)
    return np.asarray(colour) if alpha is None else _on_white(colour, alpha)


def _with_info_of(original: Image.Image, converted: Image.Image) -> Image.Image:
    """Carry over what says how the colours are meant, which a conversion loses."""
    converted.info.update({key: original.info[key] for key in _COLOUR_KEYS if key in original.info})
    return converted


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert an embedded colour profile; a profile that is damaged or of another kind of colour is ignored."""
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
    """What an old PNG's `gAMA` asks for: each of the 256 levels to light, and back by the sRGB curve."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(level) for level in np.floor(srgb * 255 + 0.5)]


def _on_white(colour: Image.Image, alpha: Image.Image) -> Pixels:
    """Lay the photo on white, as it would look on paper."""
    pixels = np.array(colour)
    opacity = np.asarray(alpha)
    for top in range(0, len(pixels), BLOCK_ROWS):
        rows = slice(top, top + BLOCK_ROWS)
        share = opacity[rows, :, None].astype(np.uint32)
        pixels[rows] = (pixels[rows] * share + 255 * (255 - share) + 127) // 255
    return pixels


def _name(source: Source) -> str:
    return "the photo" if isinstance(source, bytes) else Path(source).name


def _remedy(content: bytes) -> str:
    if content[:4] in (b"II*\0", b"MM\0*") or content[4:8] == b"ftyp":
        return "convert it to JPEG or PNG first (HEIC and TIFF are not read)"
    return f"use a file of one of these kinds: {', '.join(FORMATS)}"
