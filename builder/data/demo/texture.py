"""The brushes of the demo photos: noise, cells, blobs and strokes, each a function of position, not of pixels.

Every brush takes positions as two arrays `u, v` of shape (height, width) and draws a fixed number of random numbers, so
that the same lesion can be drawn at any size, position and rotation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Field = NDArray[np.float32]  # (height, width), one value a sample

_LATTICE = 64  # random values a side, repeated by `& _WRAP`: a power of two, wider than any frame drawn
_WRAP = _LATTICE - 1


def smooth_step(value: Field, low: float, high: float) -> Field:
    """Rise from 0 at `low` to 1 at `high` with flat ends; falls if `low` is above `high`."""
    share: Field = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    eased: Field = share * share * (3 - 2 * share)
    return eased


def value_noise(rng: np.random.Generator, u: Field, v: Field, scale: float) -> Field:
    """Smooth noise of about -1..1 (standard deviation about 0.4) with bumps of width `scale`."""
    lattice = rng.uniform(-1, 1, _LATTICE * _LATTICE).astype(np.float32)
    (row, down), (column, right) = _lattice_step(v, scale), _lattice_step(u, scale)
    upper, lower = (row & _WRAP) * _LATTICE, (row + 1 & _WRAP) * _LATTICE
    first, second = column & _WRAP, column + 1 & _WRAP
    above, below = lattice.take(upper + first), lattice.take(lower + first)
    above += (lattice.take(upper + second) - above) * right
    below += (lattice.take(lower + second) - below) * right
    noise: Field = above + (below - above) * down
    return noise


def _lattice_step(axis: Field, scale: float) -> tuple[NDArray[np.intp], Field]:
    """The lattice line before each position, and the eased share 0..1 of the way to the next line."""
    place = axis / np.float32(scale)
    before = np.floor(place)
    share = place - before
    return before.astype(np.intp), share * share * (3 - 2 * share)


def layered_noise(rng: np.random.Generator, u: Field, v: Field, scale: float) -> Field:
    """Three octaves of `value_noise`: cloudy, with fine detail."""
    coarse, middle, fine = (value_noise(rng, u, v, scale / 2**octave) for octave in range(3))
    noise: Field = coarse + np.float32(0.5) * middle + np.float32(0.25) * fine
    return noise


def cells(rng: np.random.Generator, u: Field, v: Field, pitch: float) -> tuple[Field, Field]:
    """Divide the plane into irregular cells about `pitch` wide (Worley 1996).

    Returns the distance to the cell's centre and to its wall, both as a share of the pitch.
    """
    jitter = rng.uniform(-0.36, 0.36, (2, _LATTICE**2)).astype(np.float32)  # 0.36: keeps centres apart
    row, column = v / np.float32(pitch), u / np.float32(pitch)
    whole_row, whole_column = np.rint(row), np.rint(column)
    lattice_row, lattice_column = whole_row.astype(np.intp), whole_column.astype(np.intp)
    from_row, from_column = whole_row - row, whole_column - column
    nearest, second = np.full_like(u, 9), np.full_like(u, 9)
    for row_step in (-1, 0, 1):
        line = (lattice_row + row_step & _WRAP) * _LATTICE
        for column_step in (-1, 0, 1):
            at = line + (lattice_column + column_step & _WRAP)
            squared = np.square(jitter[0].take(at) + (from_row + np.float32(row_step)))
            squared += np.square(jitter[1].take(at) + (from_column + np.float32(column_step)))
            second = np.minimum(second, np.maximum(nearest, squared))
            nearest = np.minimum(nearest, squared)
    to_centre = np.sqrt(nearest)
    return to_centre, (np.sqrt(second) - to_centre) / 2


def blobs(u: Field, v: Field, shapes: NDArray[np.float64], softness: float) -> Field:
    """Cover 0..1 by ellipses. shapes: (blobs, 5) as u, v, radius, aspect >= 1, angle in radians."""
    cover = np.zeros_like(u)
    for centre_u, centre_v, radius, aspect, angle in shapes.tolist():
        along = (u - np.float32(centre_u)) * np.float32(np.cos(angle))
        along += (v - np.float32(centre_v)) * np.float32(np.sin(angle))
        squared = (u - np.float32(centre_u)) ** 2 + (v - np.float32(centre_v)) ** 2
        squared -= along * along * np.float32(1 - aspect**-2)  # the long axis counts less
        reach = radius * (1 + softness)
        inside = squared < np.float32(reach * reach)
        distance = np.sqrt(np.maximum(squared[inside], 0))
        edge = smooth_step(distance, reach, radius * (1 - softness))
        cover[inside] = np.maximum(cover[inside], edge)
    return cover


def scatter(
    rng: np.random.Generator, count: int, reach: float, radius: tuple[float, float], aspect: float = 1.3
) -> NDArray[np.float64]:
    """Scatter up to `count` ellipses over a disc, at a distance from each other. Returns shapes for `blobs`."""
    radii = np.sort(rng.uniform(*radius, count))[::-1]
    candidates = rng.uniform(-reach, reach, (count, 24, 2))  # 24 tries each: enough to find a gap
    placed: list[tuple[float, float, float]] = []
    for own, tries in zip(radii.tolist(), candidates.tolist(), strict=True):
        for place_u, place_v in tries:
            is_inside = place_u**2 + place_v**2 < reach**2
            if is_inside and all(np.hypot(place_u - a, place_v - b) > 0.95 * (own + c) for a, b, c in placed):
                placed.append((place_u, place_v, own))
                break
    shapes = np.array(placed).reshape(-1, 3)
    turns = np.stack([rng.uniform(1, aspect, len(shapes)), rng.uniform(0, np.pi, len(shapes))], axis=1)
    return np.concatenate([shapes, turns], axis=1)


def strokes(u: Field, v: Field, points: NDArray[np.float64]) -> Field:
    """Cover 0..1 by lines. points: (points, 3) as u, v, half width, closer than half a width apart."""
    pixel = float(np.hypot(u[0, 1] - u[0, 0], v[0, 1] - v[0, 0]))
    softness = max(0.6 * pixel, 0.2 * float(points[:, 2].max()))  # lines thinner than a pixel must not break up
    reach = float(points[:, 2].max()) + softness
    distance, nearest = cKDTree(points[:, :2]).query(
        np.stack([u.ravel(), v.ravel()], axis=1), distance_upper_bound=reach
    )
    half_width = np.append(points[:, 2], 0)[nearest]  # no point in reach: index len(points)
    over = np.where(np.isfinite(distance), distance - half_width, reach).reshape(u.shape).astype(np.float32)
    return smooth_step(over, softness, -softness)
