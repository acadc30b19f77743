"""Draws demo photos for people without data: seven kinds of lesion, the same pictures for the same seed.

They only show textbook signs: what a network learns from them means nothing for real skin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count as count_up
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from builder.data.demo.signs import Colour, Tissue, paint_lesion
from builder.data.demo.texture import Field, cells, layered_noise, smooth_step, strokes, value_noise

# Lesions are dealt from a shuffled deck, so each class has its share in any run of photos (nv a quarter).
_DECK = ("nv",) * 6 + ("mel",) * 4 + ("akiec", "bcc", "bkl", "df", "vasc") * 3
_SHARE_BY_SHOTS = (0.75, 0.15, 0.10)  # of lesions with one, two, three photos; HAM10000: 74 % have one
SKIN_TONES = np.array(  # sRGB, Fitzpatrick I to VI as a dermatoscope's light shows them
    [(243, 207, 198), (232, 188, 174), (217, 166, 146), (191, 136, 110), (150, 101, 77), (109, 73, 57)]
)
_SKIN_TYPES = ("I", "II", "III", "IV", "V", "VI")
_MELANIN_DENSITY = np.array([0.62, 1.0, 1.35], np.float32)  # red, green, blue: looks brown
_BLOOD_DENSITY = np.array([0.16, 1.0, 0.85], np.float32)  # oxygenated: lets red pass
_HAIR: Colour = (0.02, 0.014, 0.011)  # linear light


@dataclass(frozen=True, slots=True)
class DemoPhoto:
    """One drawn photo and the facts about it."""

    image_id: str
    lesion_id: str
    code: str
    pixels: NDArray[np.uint8]  # (height, width, 3), sRGB
    mask: NDArray[np.bool_]  # (height, width), where the lesion is
    details: dict[str, str]  # as listing.DETAILS has them: the skin's tone (Fitzpatrick I to VI) and hair


@dataclass(frozen=True, slots=True)
class _Shot:
    """Which lesion a photo shows."""

    photo: int
    lesion: int
    code: str


def draw_demo_photos(
    count: int,
    seed: int,
    *,
    width_px: int = 100,
    height_px: int = 75,
    progress: Callable[[int], None] | None = None,
) -> list[DemoPhoto]:
    """Draw the first `count` photos of a seed; `progress` is called with 1 after each."""
    photos = []
    for shot in islice(_shots(seed), count):
        photos.append(_draw(shot, seed, width_px, height_px))
        if progress is not None:
            progress(1)
    return photos


def draw_demo_photo(
    index: int, seed: int, *, width_px: int = 100, height_px: int = 75, in_focus: bool = False
) -> DemoPhoto:
    """Draw only photo `index` of a seed, at any size: the same picture, with more detail.

    A large photo shows less of the grain once it is shrunk, so that slight blur is more visible: `in_focus` draws no
    blur.
    """
    return _draw(next(islice(_shots(seed), index, None)), seed, width_px, height_px, in_focus=in_focus)


def _shots(seed: int) -> Iterator[_Shot]:
    """Assign photos to lesions without end, so that photo i is the same for any number of photos."""
    rng = np.random.default_rng([seed, 0])
    photo = 0
    for lesion in count_up():
        if lesion % len(_DECK) == 0:
            deck = rng.permutation(_DECK)
        for _ in range(int(rng.choice(3, p=_SHARE_BY_SHOTS)) + 1):
            yield _Shot(photo, lesion, str(deck[lesion % len(_DECK)]))
            photo += 1


def _draw(shot: _Shot, seed: int, width_px: int, height_px: int, *, in_focus: bool = False) -> DemoPhoto:
    of_lesion = np.random.default_rng([seed, 1, shot.lesion])  # shared by all photos of the lesion
    of_photo = np.random.default_rng([seed, 2, shot.photo])
    x, y = _frame(width_px, height_px)
    skin_type, tone = _skin_tone(of_lesion)
    radius = of_lesion.uniform(0.25, 0.36)  # of the frame's height: leaves skin all around
    u, v = _look_at_lesion(of_photo, x, y, radius)
    tissue = paint_lesion(shot.code, of_lesion, u, v)
    light = _skin(of_lesion, tone, u * np.float32(radius), v * np.float32(radius), tissue)
    hairs, light = _lay_hairs(of_photo, light, x, y)
    light = _light_up(of_photo, light, x, y)
    pixels = _expose(of_photo, light, in_focus=in_focus)
    ids = f"demo_{shot.photo:06d}", f"demo_lesion_{shot.lesion:06d}"
    details = {"skin_tone": skin_type, "hair": "hair" if hairs else "no hair"}
    return DemoPhoto(*ids, shot.code, pixels, tissue.inside > 0, details)


def _frame(width: int, height: int) -> tuple[Field, Field]:
    """Coordinates of the frame's pixels, in frame heights from its centre, each of shape (height, width)."""
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height
    y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / height
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x, grid_y


def _skin_tone(rng: np.random.Generator) -> tuple[str, NDArray[np.float64]]:
    """Pick skin between Fitzpatrick I and VI, lighter skin more often. Returns the nearest type, and linear RGB."""
    place = 5 * rng.beta(1.1, 1.8)
    srgb = [np.interp(place, range(6), SKIN_TONES[:, channel]) for channel in range(3)]
    tone: NDArray[np.float64] = (np.array(srgb) / 255) ** 2.2 * rng.normal(1, 0.03, 3)
    return _SKIN_TYPES[round(place)], tone


def _look_at_lesion(rng: np.random.Generator, x: Field, y: Field, radius: float) -> tuple[Field, Field]:
    """Turn, shift and magnify slightly, like a hand-held dermatoscope. Returns coordinates in lesion units."""
    angle, scale = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.9, 1.1)
    shift_x, shift_y = rng.normal(0, 0.06), rng.normal(0, 0.04)
    cosine, sine = np.float32(np.cos(angle) / scale), np.float32(np.sin(angle) / scale)
    from_x, from_y = x - np.float32(shift_x), y - np.float32(shift_y)
    return cosine * from_x + sine * from_y, cosine * from_y - sine * from_x


def _skin(
    rng: np.random.Generator, tone: NDArray[np.float64], u: Field, v: Field, tissue: Tissue
) -> NDArray[np.float32]:
    """Light reflected by skin and lesion (Beer-Lambert law). Returns (height, width, 3)."""
    _, to_wall = cells(rng, u, v, 0.045)  # the skin's own fine relief
    melanin = tissue.melanin + 0.05 * smooth_step(to_wall, 0.15, 0.0) + 0.06 * value_noise(rng, u, v, 0.25)
    blood = tissue.blood + 0.09 * value_noise(rng, u, v, 0.15)
    density = melanin[..., None] * _MELANIN_DENSITY + blood[..., None] * _BLOOD_DENSITY
    light: NDArray[np.float32] = tone.astype(np.float32) * np.exp(-density)
    shade = np.float32(0.45 + 0.55 * min(1.0, tone.mean() / 0.5))  # scattering coats look darker in dark skin
    grain = 1 + 0.06 * layered_noise(rng, u, v, 0.05)
    for cover, colour in tissue.coats:
        light += cover[..., None] * (np.array(colour, np.float32) * shade * grain[..., None] - light)
    return light


def _lay_hairs(
    rng: np.random.Generator, light: NDArray[np.float32], x: Field, y: Field
) -> tuple[int, NDArray[np.float32]]:
    """Draw dark, curved hairs over two of five photos. Returns the number of hairs, and the light."""
    hairs = int(rng.integers(1, 9)) if rng.uniform() < 0.4 else 0
    if hairs == 0:
        return hairs, light
    along = np.linspace(-0.5, 0.5, 240)
    growth, lines = rng.uniform(0, np.pi), []
    for _ in range(hairs):
        heading, bend = growth + rng.normal() * 0.35, rng.normal() * 0.5
        length, half_width = rng.uniform(0.4, 1.2), rng.uniform(0.0025, 0.006)
        turn = heading + bend * along
        at_x = rng.uniform(-0.6, 0.6) + length * along * np.cos(turn)
        at_y = rng.uniform(-0.45, 0.45) + length * along * np.sin(turn)
        lines.append(np.stack([at_x, at_y, half_width * (1.1 - np.abs(along) * 1.6)], axis=1))
    cover = strokes(x, y, np.concatenate(lines)) * np.float32(rng.uniform(0.6, 0.95))
    return hairs, light + cover[..., None] * (np.array(_HAIR, np.float32) - light)


def _light_up(rng: np.random.Generator, light: NDArray[np.float32], x: Field, y: Field) -> NDArray[np.float32]:
    """Light the frame unevenly, and in one of four photos add the dark rim of the dermatoscope."""
    heading, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.22)
    gain = 1 + np.float32(slope) * (x * np.float32(np.cos(heading)) + y * np.float32(np.sin(heading)))
    radius = np.hypot(x - np.float32(rng.normal(0, 0.02)), y - np.float32(rng.normal(0, 0.02)))
    gain *= 1 - np.float32(rng.uniform(0, 0.3)) * radius * radius
    rim = rng.uniform(0.66, 0.82)  # frame heights; the corners are at 0.83
    if rng.uniform() < 0.25:
        gain *= smooth_step(radius, rim, rim - 0.05) * 0.97 + 0.03
    return light * gain[..., None]


def _expose(rng: np.random.Generator, light: NDArray[np.float32], *, in_focus: bool) -> NDArray[np.uint8]:
    """Apply focus, white balance, exposure, gamma and sensor noise of one camera. Returns sRGB."""
    blur = rng.uniform(0, 0.010) * light.shape[0]  # px
    if not in_focus:
        light = ndimage.gaussian_filter(light, (blur, blur, 0))
    balance = rng.normal(1, 0.035, 3) * rng.uniform(0.85, 1.1)
    srgb = np.clip(light * balance, 0, 1) ** (1 / 2.2) * 255
    srgb += rng.normal(0, rng.uniform(1, 4), srgb.shape)
    return np.clip(np.rint(srgb), 0, 255).astype(np.uint8)
