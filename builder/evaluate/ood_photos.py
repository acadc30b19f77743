"""Test pictures for the out-of-distribution detector: pictures of other things, and lesion photos made worse.

They are used neither for training nor for setting limits. The photographs are those in the packages scikit-learn and
scikit-image, read without importing these packages; the others are drawn, the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from sklearn.datasets import load_sample_image

from builder.data.demo.draw import SKIN_TONES
from builder.photo.frame import Frame, centred_frame, shrink
from builder.photo.size import WIDTH_PX, height_for

Pixels = NDArray[np.uint8]

SCIKIT_LEARN_PHOTOGRAPHS = ("china.jpg", "flower.jpg")
# All photographs in scikit-image's package; the other half of the stereo pair and what is drawn are left out.
SCIKIT_IMAGE_PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "cell.png", "clock_motion.png", "coffee.png",
    "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "microaneurysms.png", "moon.png",
    "page.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip

CROPS = 24  # of each photograph: the centre as the page takes it, then places and sizes drawn by lot
SMALLEST_CROP_SHARE = 0.3  # of the largest frame's sides
DRAWN = 120  # pictures of each drawn kind
NOISE_BLUR = (0, 0.007, 0.015, 0.03, 0.06, 0.12)  # of the picture's width
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:"
SHEET = 4  # times as wide as the picture is what text is written on, before it is shrunk like any photo
NARROWEST_LETTER = 0.2  # of the font's size
LETTERS_PX = (12, 48)  # on a sheet for a picture of 100 px


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one kind, (pictures, height, width, 3). source: (pictures,) the picture that each is a crop of."""

    pixels: Pixels
    source: NDArray[np.int64]


@lru_cache(maxsize=1)  # each network of a build is shown the same ones
def other_things(seed: int, width_px: int = WIDTH_PX) -> dict[str, Pictures]:
    """Pictures of other things by kind, in the network's input size: `photographs`, `noise`, `text`, `plain_skin`."""
    drawn: dict[str, Callable[[np.random.Generator, int, int], Pixels]] = {
        "noise": _noise,
        "text": _text,
        "plain_skin": _plain_skin,
    }
    pictures = {"photographs": _crops_of_photographs(np.random.default_rng([seed, 0]), width_px)}
    for number, (kind, draw) in enumerate(drawn.items(), 1):
        random = np.random.default_rng([seed, number])
        pixels = np.stack([draw(random, index, width_px) for index in range(DRAWN)])
        pictures[kind] = Pictures(pixels, np.arange(DRAWN))
    return pictures


def shifted(pixels: Pixels) -> Iterator[tuple[str, Pixels]]:
    """The lesion photos (photos, height, width, 3), made worse in one way after another."""
    blur = 0.02 * pixels.shape[2]
    ways: dict[str, Callable[[Pixels], NDArray[np.floating]]] = {
        "blurred": partial(ndimage.gaussian_filter, sigma=(blur, blur, 0), output=np.float64),
        "dark": lambda photo: photo * 0.4,
        "warm_light": lambda photo: photo * (1.15, 1.0, 0.75),
        "cold_light": lambda photo: photo * (0.8, 1.0, 1.2),
        "small": _in_the_distance,
        "turned": partial(ndimage.rotate, angle=30, reshape=False, order=1, mode="reflect", output=np.float64),
    }
    for name, spoil in ways.items():
        spoilt = np.stack([np.clip(np.rint(spoil(photo)), 0, 255).astype(np.uint8) for photo in pixels])
        yield name, spoilt


def _crops_of_photographs(random: np.random.Generator, width_px: int) -> Pictures:
    crops, sources = [], []
    for number, photograph in enumerate(_photographs()):
        for frame in _frames(random, photograph.shape[1], photograph.shape[0]):
            crops.append(shrink(photograph, frame, width_px, height_for(width_px)))
            sources.append(number)
    return Pictures(np.stack(crops), np.array(sources))


def _photographs() -> Iterator[Pixels]:
    for name in SCIKIT_LEARN_PHOTOGRAPHS:
        yield load_sample_image(name)
    package = find_spec("skimage")
    assert package and package.submodule_search_locations, "requirements.lock lists scikit-image"
    folder = Path(package.submodule_search_locations[0]) / "data"
    for name in SCIKIT_IMAGE_PHOTOGRAPHS:
        with Image.open(folder / name) as photograph:
            yield np.asarray(photograph.convert("RGB"))


def _frames(random: np.random.Generator, width: int, height: int) -> Iterator[Frame]:
    """The largest frame in the middle, then random frames inside the picture, none smaller than allowed."""
    largest = centred_frame(width, height)
    smallest = max(SMALLEST_CROP_SHARE, WIDTH_PX / largest.width)
    if smallest > 1:
        raise ValueError(f"a photograph of {width} x {height} pixels is too small")
    yield largest
    for _ in range(CROPS - 1):
        share = random.uniform(smallest, 1)
        crop_width, crop_height = largest.width * share, largest.height * share
        yield Frame(
            random.uniform(0, width - crop_width), random.uniform(0, height - crop_height), crop_width, crop_height
        )


def _noise(random: np.random.Generator, index: int, width_px: int) -> Pixels:
    """Colourful or grey noise, from single pixels to clouds, stretched to full contrast."""
    blur, size = NOISE_BLUR[index % len(NOISE_BLUR)] * width_px, (height_for(width_px), width_px)
    channels = 3 if random.uniform() < 0.5 else 1
    field = ndimage.gaussian_filter(random.uniform(size=(*size, channels)), (blur, blur, 0))
    field = (field - field.min()) / (field.max() - field.min()) * 255
    return np.asarray(np.broadcast_to(np.rint(field), (*size, 3)), dtype=np.uint8)


def _text(random: np.random.Generator, _: int, width_px: int) -> Pixels:
    """Lines of letters in any colour on any background."""
    paper, ink = random.integers(200, 256, 3), random.integers(0, 110, 3)
    if random.uniform() < 0.2:
        paper, ink = ink, paper
    sheet_px = (SHEET * width_px, SHEET * height_for(width_px))
    sheet = Image.new("RGB", sheet_px, tuple(paper.tolist()))
    pen = ImageDraw.Draw(sheet)
    size = float(random.uniform(*LETTERS_PX)) * width_px / WIDTH_PX
    font = ImageFont.load_default(size)
    fit = int(sheet_px[0] / size / NARROWEST_LETTER) + 1  # of what does not, nothing is seen
    for line in range(int(sheet_px[1] / size / 1.2) + 1):
        letters = "".join(random.choice(list(LETTERS + " " * 12), 80))[:fit]
        pen.text((8, line * size * 1.2), letters, fill=tuple(ink.tolist()), font=font)
    return shrink(np.asarray(sheet), centred_frame(*sheet_px), width_px, height_for(width_px))


def _plain_skin(random: np.random.Generator, index: int, width_px: int) -> Pixels:
    """Bare skin of all tones in equal numbers, from very light to very dark, in uneven light, with camera noise."""
    place = index / (DRAWN - 1) * (len(SKIN_TONES) - 1)
    tone = [np.interp(place, range(len(SKIN_TONES)), SKIN_TONES[:, channel]) for channel in range(3)]
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width_px), np.linspace(-0.5, 0.5, height_for(width_px)))
    heading, slope = random.uniform(0, 2 * np.pi), random.uniform(0, 0.3)
    light = 1 + slope * (x * np.cos(heading) + y * np.sin(heading))
    frame = np.array(tone) * random.normal(1, 0.03, 3) * light[..., None]
    frame += random.normal(0, random.uniform(0, 3), frame.shape)
    return np.asarray(np.clip(np.rint(frame), 0, 255), dtype=np.uint8)


def _in_the_distance(photo: Pixels) -> NDArray[np.floating]:
    """The photo at half its size, surrounded by the colours of its edges."""
    half = ndimage.zoom(photo.astype(np.float64), (0.5, 0.5, 1), order=1)
    down, across = photo.shape[0] - half.shape[0], photo.shape[1] - half.shape[1]
    margins = ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0))
    return np.pad(half, margins, mode="edge")
