"""Each photo as it might have been taken otherwise: turned, nearer, in another light. Drawn anew each epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.preprocess import HEIGHT_PX, WIDTH_PX
from builder.quiet_tensorflow import tensorflow

# A lesion has no upright: any angle, and mirrored or not. The rest is about what differs between cameras and hands.
ZOOM = 1.25  # at most, in and out
SHIFT = 0.1  # of the width and the height, at most, either way
BRIGHTNESS = 0.2  # of 255, at most, darker and lighter
CONTRAST = 0.25  # at most, less and more
COLOUR = 0.1  # of each channel for itself, at most, less and more


def random_views(pixels: NDArray[np.uint8], random: np.random.Generator) -> Any:
    """A view of each photo: (photos, 75, 100, 3) uint8 to a tensor of the same shape, float32 in 0..255."""
    count = len(pixels)
    contrast = 1 + random.uniform(-CONTRAST, CONTRAST, (count, 1, 1, 1))
    colour = 1 + random.uniform(-COLOUR, COLOUR, (count, 1, 1, 3))
    light = 255 * random.uniform(-BRIGHTNESS, BRIGHTNESS, (count, 1, 1, 1))
    of_light = (values.astype(np.float32) for values in (contrast, colour, light))
    return _see(pixels, _draw_places(count, random), *of_light)


def _draw_places(count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """From where each pixel comes: (photos, 8), as ImageProjectiveTransformV3 takes it, about the photo's middle."""
    angle = random.uniform(0, 2 * np.pi, count)
    scale = ZOOM ** random.uniform(-1, 1, count)
    mirror = random.choice([-1.0, 1.0], count)
    middle_x, middle_y = (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2
    xx, xy = mirror * np.cos(angle) / scale, -np.sin(angle) / scale
    yx, yy = mirror * np.sin(angle) / scale, np.cos(angle) / scale
    to_x = middle_x + random.uniform(-SHIFT, SHIFT, count) * WIDTH_PX - xx * middle_x - xy * middle_y
    to_y = middle_y + random.uniform(-SHIFT, SHIFT, count) * HEIGHT_PX - yx * middle_x - yy * middle_y
    none = np.zeros(count)
    return np.stack([xx, xy, to_x, yx, yy, to_y, none, none], axis=1).astype(np.float32)


@tensorflow.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow has no types
def _see(pixels: Any, places: Any, contrast: Any, colour: Any, light: Any) -> Any:
    photos = tensorflow.cast(pixels, tensorflow.float32)
    moved = tensorflow.raw_ops.ImageProjectiveTransformV3(
        images=photos,
        transforms=places,
        output_shape=[HEIGHT_PX, WIDTH_PX],
        interpolation="BILINEAR",
        fill_mode="REFLECT",  # skin goes on beyond the edge
        fill_value=0.0,
    )
    middle = tensorflow.reduce_mean(moved, axis=(1, 2, 3), keepdims=True)
    return tensorflow.clip_by_value(((moved - middle) * contrast + middle) * colour + light, 0.0, 255.0)
