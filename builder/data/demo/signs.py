"""The signs that dermoscopy teaches for each of the seven kinds of lesion, drawn by code.

Signs after Kittler et al., "Standardization of terminology in dermoscopy", J Am Acad Dermatol 74:1093 (2016).
All of it is in lesion units: the lesion's middle is (0, 0) and its outline has a mean radius of about 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.data.demo.texture import Field, blobs, cells, layered_noise, scatter, smooth_step, strokes, value_noise

Colour = tuple[float, float, float]  # linear light, 0..1


@dataclass(frozen=True, slots=True)
class Tissue:
    """What a lesion adds to the skin. Fields have shape (height, width)."""

    inside: Field  # signed distance to the outline in lesion units, positive inside
    melanin: Field  # optical density, brown
    blood: Field  # optical density, red
    coats: tuple[tuple[Field, Colour], ...]  # cover 0..1 and colour of what scatters light, bottom coat first


BLUE_GREY: Colour = (0.10, 0.13, 0.21)  # melanin deep in the skin looks blue (Tyndall effect)
VEIL: Colour = (0.25, 0.285, 0.365)  # the same under a thick horny layer: blue-white
SCAR: Colour = (0.83, 0.72, 0.68)
SCALE: Colour = (0.82, 0.71, 0.47)  # horn, whitish yellow
WAX: Colour = (0.37, 0.19, 0.08)
CYST: Colour = (0.86, 0.76, 0.56)
PLUG: Colour = (0.035, 0.018, 0.010)  # horn plug of a comedo-like opening
PEARL: Colour = (0.72, 0.47, 0.47)
PURPLE: Colour = (0.07, 0.008, 0.05)


def paint_lesion(code: str, rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Draw the lesion of class `code` at the places `u, v` (lesion units)."""
    # Bend the plane a little: no blob or mesh of living tissue is exact.
    bent_u = u + np.float32(0.06) * value_noise(rng, u, v, 0.4)
    bent_v = v + np.float32(0.06) * value_noise(rng, u, v, 0.4)
    return _PAINTERS[code](rng, bent_u, bent_v)


def _outline(rng: np.random.Generator, u: Field, v: Field, *, wobble: float, ruffle: float, aspect: float) -> Field:
    """Signed distance to a wobbly ellipse. wobble: size of its lobes, ruffle: of its fine edge."""
    angle = np.arctan2(v, u)
    radius = np.ones_like(u)
    for lobes in (2, 3, 4, 5):
        strength, phase = wobble * rng.normal() / lobes**0.5, rng.uniform(0, 2 * np.pi)
        radius += np.float32(strength) * np.cos(lobes * angle + np.float32(phase))
    stretch = np.float32(rng.uniform(1, aspect) ** 0.5)
    distance = np.sqrt((u / stretch) ** 2 + (v * stretch) ** 2)
    inside: Field = np.clip(radius, 0.55, 1.5) - distance + np.float32(ruffle) * value_noise(rng, u, v, 0.22)
    return inside


def _nevus(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Round and symmetric, one or two browns, a regular network that fades at the edge."""
    inside = _outline(rng, u, v, wobble=0.025, ruffle=0.02, aspect=1.2)
    body = smooth_step(inside, -0.10, 0.28)
    core = smooth_step(inside, 0.25, 0.75) * rng.uniform(0, 0.55)
    _, to_wall = cells(rng, u, v, rng.uniform(0.17, 0.22))
    lines = smooth_step(to_wall, 0.22, 0.02) * smooth_step(inside, -0.14, 0.12)
    lines *= 0.8 + 0.5 * value_noise(rng, u, v, 0.35)  # heavier here, fainter there
    melanin = body * (rng.uniform(0.6, 0.9) + core) + lines * rng.uniform(0.55, 0.8)
    return Tissue(inside, melanin, 0.12 * body, ())


def _melanoma(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Asymmetric, many colours, irregular dots, a blue-white veil over a part."""
    inside = _outline(rng, u, v, wobble=0.17, ruffle=0.12, aspect=1.5)
    body = smooth_step(inside, -0.03, 0.10)
    patches = layered_noise(rng, u, v, 0.75)
    tilt = u * rng.uniform(0.3, 0.6)  # one side darker than the other
    dark = smooth_step(patches + tilt, -0.05, 0.35)
    red = smooth_step(layered_noise(rng, u, v, 0.6) - tilt, 0.0, 0.4) * body
    dots = blobs(u, v, scatter(rng, 16, 1.15, (0.04, 0.10)), 0.3) * smooth_step(inside, -0.25, -0.1)
    melanin = body * (rng.uniform(0.7, 1.0) + rng.uniform(1.6, 2.4) * dark) + 2.0 * dots
    around = scatter(rng, 1, 0.45, (0.42, 0.6), 1.6)
    veil = blobs(u, v, around, 0.35) * smooth_step(layered_noise(rng, u, v, 0.4), -0.6, 0.1) * body
    return Tissue(inside, melanin, 0.1 * body + 0.7 * red * (1 - dark), ((0.85 * veil, VEIL),))


def _keratosis(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Stuck-on: sharp border, waxy brown, bright milia-like cysts, dark comedo-like openings."""
    inside = _outline(rng, u, v, wobble=0.06, ruffle=0.07, aspect=1.5)
    body = smooth_step(inside, -0.015, 0.03)
    furrows = smooth_step(np.abs(layered_noise(rng, u, v, 0.5)), 0.12, 0.0) * body
    marks = scatter(rng, int(rng.integers(14, 32)), 0.9, (0.04, 0.095))
    is_cyst = np.arange(len(marks)) % 2 == 0
    cyst = blobs(u, v, marks[is_cyst], 0.35) * body
    plug = blobs(u, v, marks[~is_cyst], 0.25) * body
    shade = 1 + 0.25 * layered_noise(rng, u, v, 0.6)
    melanin = body * rng.uniform(0.15, 0.6) * shade + 0.5 * furrows
    coats = ((body * rng.uniform(0.5, 0.75), WAX), (0.9 * plug, PLUG), (0.9 * cyst, CYST))
    return Tissue(inside, melanin, 0.05 * body, coats)


def _basal_cell(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Pearly pink, branching red vessels, blue-grey ovoid nests."""
    inside = _outline(rng, u, v, wobble=0.07, ruffle=0.06, aspect=1.35)
    body = smooth_step(inside, -0.06, 0.18)
    nests = scatter(rng, int(rng.integers(5, 10)), 0.8, (0.10, 0.21), 1.7)
    nest = blobs(u, v, nests, 0.4) * smooth_step(inside, -0.05, 0.1)
    nest *= 0.72 + 0.3 * value_noise(rng, u, v, 0.15)
    vessels = strokes(u, v, _arborising_vessels(rng)) * smooth_step(inside, -0.2, 0.1)
    blood = body * (0.22 + 0.12 * layered_noise(rng, u, v, 0.5)) + 1.7 * vessels
    return Tissue(inside, np.zeros_like(u), blood, ((0.5 * body, PEARL), (nest, BLUE_GREY)))


def _arborising_vessels(rng: np.random.Generator) -> NDArray[np.float64]:
    """Trees that enter at the edge and fork, thinner at each fork. Returns points for `strokes`."""
    points: list[tuple[float, float, float]] = []
    for _ in range(int(rng.integers(2, 4))):
        start = rng.uniform(0, 2 * np.pi)
        twigs = [(1.05 * np.cos(start), 1.05 * np.sin(start), start + np.pi + rng.normal() * 0.4, 0.05, 0.7)]
        while twigs:
            at_u, at_v, heading, half_width, length = twigs.pop()
            for _ in range(int(length / 0.015)):  # 0.015: closer than the thinnest half width
                heading += rng.normal() * 0.09
                at_u, at_v = at_u + 0.015 * np.cos(heading), at_v + 0.015 * np.sin(heading)
                points.append((at_u, at_v, half_width))
            if half_width > 0.018:  # three forks
                for side in (-1, 1):
                    turn = side * rng.uniform(0.3, 0.8)
                    twigs.append((at_u, at_v, heading + turn, half_width * 0.68, length * rng.uniform(0.5, 0.8)))
    return np.array(points)


def _actinic(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Strawberry: a red pseudonetwork around pale follicles, with whitish-yellow scale."""
    inside = _outline(rng, u, v, wobble=0.09, ruffle=0.14, aspect=1.4)
    body = smooth_step(inside, -0.12, 0.22)
    to_centre, _ = cells(rng, u, v, rng.uniform(0.27, 0.35))
    follicle = smooth_step(to_centre + 0.12 * value_noise(rng, u, v, 0.3), 0.34, 0.14) * body
    blood = body * (rng.uniform(0.8, 1.1) + 0.2 * layered_noise(rng, u, v, 0.4)) * (1 - 0.8 * follicle)
    scale = smooth_step(layered_noise(rng, u, v, 0.5), 0.2, 0.6) * body
    flaky = 0.75 + 0.35 * layered_noise(rng, u, v, 0.09)
    coats = ((0.4 * follicle, SCALE), (np.clip(scale * flaky, 0, 0.95), SCALE))
    return Tissue(inside, np.float32(0.1) * body, blood, coats)


def _vascular(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """Well-bordered clusters of red to purple lacunae."""
    shapes = scatter(rng, int(rng.integers(14, 26)), 0.85, (0.15, 0.30), 1.3)
    lacunae = blobs(u, v, shapes, 0.22)
    deep = blobs(u, v, shapes[rng.uniform(size=len(shapes)) < 0.4], 0.4)
    haze = _outline(rng, u, v, wobble=0.05, ruffle=0.04, aspect=1.2)
    inside = np.maximum(haze, 0.1 * lacunae - 0.05)  # lacunae at the rim bulge out of the haze
    body: Field = np.maximum(smooth_step(haze, -0.04, 0.1), lacunae)
    clot: Field = 1 + 0.35 * layered_noise(rng, u, v, 0.2)
    blood: Field = 0.6 * body + lacunae * clot * rng.uniform(1.2, 1.9)
    thrombosed: Field = np.clip(0.6 * deep * clot, 0, 0.9)
    melanin: Field = np.float32(0.15) * lacunae
    return Tissue(inside, melanin, blood, ((thrombosed, PURPLE),))


def _dermatofibroma(rng: np.random.Generator, u: Field, v: Field) -> Tissue:
    """A white scar-like patch in the middle of a delicate tan network."""
    inside = _outline(rng, u, v, wobble=0.04, ruffle=0.04, aspect=1.2)
    ring = smooth_step(inside, -0.20, 0.30)
    _, to_wall = cells(rng, u, v, rng.uniform(0.17, 0.21))
    lines = smooth_step(to_wall, 0.20, 0.05) * smooth_step(inside, -0.2, 0.1)
    middle = 1 - np.sqrt(u * u + v * v) / rng.uniform(0.48, 0.62) + 0.3 * layered_noise(rng, u, v, 0.35)
    patch = smooth_step(middle, -0.05, 0.55)
    melanin = (ring * rng.uniform(0.25, 0.4) + lines * rng.uniform(0.2, 0.35)) * (1 - patch)
    return Tissue(inside, melanin, 0.15 * ring, ((0.85 * patch, SCAR),))


_PAINTERS: dict[str, Callable[[np.random.Generator, Field, Field], Tissue]] = {
    "akiec": _actinic,
    "bcc": _basal_cell,
    "bkl": _keratosis,
    "df": _dermatofibroma,
    "mel": _melanoma,
    "nv": _nevus,
    "vasc": _vascular,
}
