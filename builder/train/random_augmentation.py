"""Random augmentation: each epoch sees each photo turned, zoomed and in another light, at random."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.quiet_tensorflow import tensorflow

Floats = NDArray[np.float32]

# Of places. A lesion has no upright: any angle, mirrored or not.
ZOOM, ZOOM_IN = 0.2, 0.1  # logarithm of the scale: either way at most, and on average
STRETCH = 0.15  # logarithm of width to height, either way at most
SHIFT = 0.05  # of the width and of the height, either way at most
# Of light, as cameras and lamps differ: standard deviations of the logarithms of factors.
BRIGHTNESS = 0.1
TINT = 0.03  # of each channel by itself
CONTRAST = 0.12
SATURATION = 0.15


def random_augmentation(photos: NDArray[np.uint8], random: np.random.Generator) -> Any:
    """Augment each photo: (photos, 75, 100, 3) uint8 to a tensor of the same shape, float32 in 0..255."""
    return _see(photos, _draw_places(photos.shape[:3], random), _draw_light(len(photos), random))


def mirrored(photos: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Mirror each photo left-right, up-down, both or not at all: the same pixels, of (photos, 75, 100, 3)."""
    across, up_and_down = random.random((2, len(photos), 1, 1, 1)) < 0.5
    photos = np.where(across, photos[:, :, ::-1], photos)
    return np.where(up_and_down, photos[:, ::-1], photos)


def _draw_places(shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    """Affine maps (photos, 8) from positions in the augmented photo to positions in the original, about its centre."""
    count, height, width = shape
    angle = random.uniform(0, 2 * np.pi, count)
    scale = np.exp(random.uniform(-ZOOM, ZOOM, count) - ZOOM_IN)
    stretch = np.exp(random.uniform(-STRETCH, STRETCH, count) / 2)
    mirror = random.choice([-1.0, 1.0], count)
    wide, high = scale * stretch, scale / stretch
    xx, xy = wide * mirror * np.cos(angle), -wide * mirror * np.sin(angle)
    yx, yy = high * np.sin(angle), high * np.cos(angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    to_x = middle_x + random.uniform(-SHIFT, SHIFT, count) * width - xx * middle_x - xy * middle_y
    to_y = middle_y + random.uniform(-SHIFT, SHIFT, count) * height - yx * middle_x - yy * middle_y
    none = np.zeros(count)  # no perspective
    return np.stack([xx, xy, to_x, yx, yy, to_y, none, none], axis=1).astype(np.float32)


def _draw_light(count: int, random: np.random.Generator) -> Floats:
    """Random factors (photos, 5): for red, green and blue, for contrast and for saturation."""
    colours = random.normal(0, BRIGHTNESS, (count, 1)) + random.normal(0, TINT, (count, 3))
    contrast, saturation = (random.normal(0, spread, (count, 1)) for spread in (CONTRAST, SATURATION))
    return np.asarray(np.exp(np.concatenate([colours, contrast, saturation], axis=1)), dtype=np.float32)


@tensorflow.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow has no types
def _see(photos: Any, places: Any, light: Any) -> Any:
    seen = tensorflow.raw_ops.ImageProjectiveTransformV3(
        images=tensorflow.cast(photos, tensorflow.float32),
        transforms=places,
        output_shape=tensorflow.shape(photos)[1:3],
        interpolation="BILINEAR",
        fill_mode="REFLECT",  # skin goes on beyond the edge
        fill_value=0.0,
    )
    grey = tensorflow.reduce_mean(seen, axis=3, keepdims=True)
    seen = grey + (seen - grey) * light[:, None, None, 4:]
    mean = tensorflow.reduce_mean(seen, axis=(1, 2), keepdims=True)
    seen = mean + (seen - mean) * light[:, None, None, 3:4]
    return tensorflow.clip_by_value(seen * light[:, None, None, :3], 0.0, 255.0)
