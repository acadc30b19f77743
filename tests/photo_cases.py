"""Photos of every kind a visitor may bring, made by code: the same ones go through Python and through the page."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EXIF_ORIENTATIONS = range(1, 9)
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class PhotoCase:
    """A photo file, and by how many levels the page's pixels may differ from Python's."""

    make: Callable[[], bytes]
    levels: int = 1


@functools.cache
def photo_of(case: PhotoCase) -> bytes:
    """The file of a case; made once, as several tests take it."""
    return case.make()


def scene(width: int = 480, height: int = 360, seed: int = 1) -> NDArray[np.uint8]:
    """A picture with no symmetry: soft blobs, some grain, and four different corners."""
    random = np.random.default_rng(seed)
    blobs = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = random.integers(-6, 7, (height, width, 1), dtype=np.int16)
    pixels: NDArray[np.uint8] = (np.asarray(blobs, dtype=np.int16) + grain).clip(0, 255).astype(np.uint8)
    corner = max(4, height // 8)
    pixels[:corner, :corner] = (250, 10, 10)
    pixels[:corner, -corner:] = (10, 240, 20)
    pixels[-corner:, :corner] = (20, 20, 230)
    return pixels


def encoded(pixels: NDArray[Any] | Image.Image, file_format: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def turned(orientation: int, file_format: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = orientation
    return encoded(scene(), file_format, exif=exif, **({"quality": 95} if file_format == "JPEG" else {}))


def faded(width: int = 480, height: int = 360) -> NDArray[np.uint8]:
    """The scene with an opacity that runs from 0 to 255."""
    opacity = np.linspace(0, 255, width).round().astype(np.uint8)[None, :].repeat(height, axis=0)
    return np.dstack([scene(width, height), opacity])


def see_through_palette() -> bytes:
    image = Image.fromarray(scene()).quantize(64)
    return encoded(image, "PNG", transparency=int(np.asarray(image)[0, 0]))


def see_through_colour() -> bytes:
    return encoded(scene(), "PNG", transparency=(250, 10, 10))


def png_16_bit(channels: int) -> bytes:
    """16 bits a sample, which Pillow cannot write in colour."""
    random = np.random.default_rng(5)
    pixels = scene().astype(np.uint16) * 256 + random.integers(0, 256, (360, 480, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels[:, :, :channels])
    colour_type = {1: 0, 3: 2}[channels]
    header = struct.pack(">IIBBBBB", 480, 360, 16, colour_type, 0, 0, 0)
    chunks = (_png_chunk(b"IHDR", header), _png_chunk(b"IDAT", zlib.compress(rows)), _png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """A photo that claims a size and holds nothing: whoever decodes it finds it broken."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_png_chunk(b"IHDR", header), _png_chunk(b"IDAT", zlib.compress(b"")), _png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_with_chunk(photo: bytes, kind: bytes, data: bytes) -> bytes:
    """Put a chunk behind the header of a PNG."""
    return photo[:33] + _png_chunk(kind, data) + photo[33:]


def display_p3() -> bytes:
    """The colour profile of iPhone photos (matrix adapted to D50, sRGB curve), as an ICC 4 file."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def text(words: str) -> bytes:
        data = words.encode("utf-16-be")
        return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(data), 28) + data

    curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {
        b"desc": text("Display P3"),
        b"cprt": text("CC0"),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249),
        b"rXYZ": b"XYZ \0\0\0\0" + fixed(0.51512, 0.24120, -0.00105),
        b"gXYZ": b"XYZ \0\0\0\0" + fixed(0.29198, 0.69225, 0.04189),
        b"bXYZ": b"XYZ \0\0\0\0" + fixed(0.15710, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s24xI", 0, 0x04000000, b"mntr", b"RGB ", b"XYZ ", b"acsp", 0) + fixed(
        0.9642, 1.0, 0.8249
    )
    header = header.ljust(128, b"\0")
    profile = header + table + body
    return struct.pack(">I", len(profile)) + profile[4:]


def density_exif() -> Image.Exif:
    """EXIF that makes browsers show a photo at half its size."""
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 144.0  # dots per inch, twice the usual
    exif[0x0128] = 2
    exif.get_ifd(0x8769).update({0xA002: 240, 0xA003: 180})
    return exif


def animated() -> bytes:
    frames = [Image.fromarray(scene(seed=seed)).quantize(128) for seed in (1, 2, 3)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def tie_heavy() -> bytes:
    """Black and white squares whose means under a 4x4 average lie on a half: 127.5."""
    rows, columns = np.indices((300, 400))
    return encoded((((rows + columns) % 2) * 255).astype(np.uint8), "PNG")


def near_ties() -> bytes:
    """Neighbouring levels under odd fractions: many means fall on or beside a half."""
    rows, columns = np.indices((337, 451))
    return encoded((100 + (rows + columns) % 2).astype(np.uint8), "PNG")


PHOTO_CASES = {
    **{f"EXIF orientation {number}": PhotoCase(functools.partial(turned, number)) for number in EXIF_ORIENTATIONS},
    "EXIF orientation 6 in PNG": PhotoCase(lambda: turned(6, "PNG")),
    "EXIF resolution": PhotoCase(lambda: encoded(scene(), "JPEG", quality=95, exif=density_exif())),
    "EXIF orientation 6 in WebP": PhotoCase(lambda: turned(6, "WEBP")),
    "EXIF orientation 6 in AVIF": PhotoCase(lambda: turned(6, "AVIF")),
    "JPEG 4:2:0": PhotoCase(lambda: encoded(scene(600, 450), "JPEG", quality=80, subsampling=2)),
    "JPEG 4:4:4": PhotoCase(lambda: encoded(scene(600, 450), "JPEG", quality=95, subsampling=0)),
    "JPEG progressive": PhotoCase(lambda: encoded(scene(), "JPEG", quality=90, progressive=True)),
    "JPEG grey": PhotoCase(lambda: encoded(scene()[:, :, 1], "JPEG", quality=90)),
    "JPEG CMYK": PhotoCase(lambda: encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)),
    "PNG": PhotoCase(lambda: encoded(scene(), "PNG")),
    "PNG without its last checksum": PhotoCase(lambda: encoded(scene(), "PNG")[:-4]),
    "PNG alpha": PhotoCase(lambda: encoded(faded(), "PNG")),
    "PNG grey with alpha": PhotoCase(lambda: encoded(faded()[:, :, 2:], "PNG")),
    "PNG palette with transparency": PhotoCase(see_through_palette),
    "PNG with a transparent colour": PhotoCase(see_through_colour),
    "PNG grey": PhotoCase(lambda: encoded(scene()[:, :, 0], "PNG")),
    "PNG 16-bit grey": PhotoCase(lambda: png_16_bit(1)),
    "PNG 16-bit colour": PhotoCase(lambda: png_16_bit(3)),
    "PNG 1-bit": PhotoCase(lambda: encoded(Image.fromarray(scene()).convert("1"), "PNG")),
    "GIF animated": PhotoCase(animated),
    "GIF transparent": PhotoCase(lambda: encoded(Image.fromarray(faded()), "GIF")),
    "WebP": PhotoCase(lambda: encoded(scene(), "WEBP", quality=90)),
    "WebP lossless alpha": PhotoCase(lambda: encoded(faded(), "WEBP", lossless=True)),
    "AVIF": PhotoCase(lambda: encoded(scene(), "AVIF", quality=90)),
    "BMP": PhotoCase(lambda: encoded(scene(), "BMP")),
    "Display P3 JPEG": PhotoCase(lambda: encoded(scene(), "JPEG", quality=95, icc_profile=display_p3()), levels=3),
    "Display P3 PNG alpha": PhotoCase(lambda: encoded(faded(), "PNG", icc_profile=display_p3()), levels=3),
    "Display P3 16-bit PNG": PhotoCase(
        lambda: png_with_chunk(png_16_bit(3), b"iCCP", b"P3\0\0" + zlib.compress(display_p3())), levels=3
    ),
    "PNG of gamma 1": PhotoCase(
        lambda: png_with_chunk(encoded(scene(), "PNG"), b"gAMA", struct.pack(">I", 100_000)), levels=3
    ),
    "PNG of sRGB's gamma": PhotoCase(
        lambda: png_with_chunk(encoded(scene(), "PNG"), b"gAMA", struct.pack(">I", 45_455))
    ),
    "broken profile": PhotoCase(lambda: encoded(scene(), "JPEG", quality=95, icc_profile=b"not a profile")),
    "portrait": PhotoCase(lambda: encoded(scene(301, 533), "PNG")),
    "panorama": PhotoCase(lambda: encoded(scene(1600, 211), "PNG")),
    "exactly the network's size": PhotoCase(lambda: encoded(scene(100, 75), "PNG"), levels=0),
    "odd size": PhotoCase(lambda: encoded(scene(451, 337), "PNG"), levels=0),
    "odd size, JPEG": PhotoCase(lambda: encoded(scene(451, 337), "JPEG", quality=90)),
    "barely larger": PhotoCase(lambda: encoded(scene(101, 76), "PNG"), levels=0),
    "ties": PhotoCase(tie_heavy, levels=0),
    "near ties": PhotoCase(near_ties, levels=0),
    "three megapixels": PhotoCase(lambda: encoded(scene(2000, 1501), "JPEG", quality=85)),
}
