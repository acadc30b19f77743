"""What the page computes without touching a document: tried in Node, where each takes milliseconds."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from builder.data.demo.draw import draw_demo_photo
from builder.photo.frame import Pixels, centred_frame
from builder.photo.preprocess import frame_and_shrink
from builder.site.messages import classes_in_english
from tests.in_node import in_node

SMALLEST = {"width_px": 100, "height_px": 75}
ROOM = {"width": 800, "height": 600, "widthPx": 100, "heightPx": 75}
# A picture as the page's own reader gives it, from pixels that are here already.
PICTURE_OF = """
const pictureOf = ({ rgb, width, height }) => {
  const bytes = Base64.decode(rgb);
  const read = (x, y, w, h) => Uint8ClampedArray.from({ length: w * h * 4 }, (_, i) => {
    const place = (y + Math.floor(i / 4 / w)) * width + x + (Math.floor(i / 4) % w);
    return i % 4 === 3 ? 255 : bytes[place * 3 + (i % 4)];
  });
  return { width, height, read };
};
"""


def picture(pixels: Pixels) -> dict[str, Any]:
    return {"rgb": base64.b64encode(pixels.tobytes()).decode(), "width": pixels.shape[1], "height": pixels.shape[0]}


def crop(expression: str, **values: Any) -> Any:
    values = {"room": ROOM, **values}
    return in_node(["photo/crop"], f"({{ {', '.join(values)} }}) => {expression}", values)


def test_a_moved_frame_stays_in_the_photo() -> None:
    frame = {"x": 300, "y": 225, "width": 200, "height": 150}
    for right, down in ((-1000, 0), (1000, 0), (0, -1000), (0, 1000), (1000, 1000)):
        moved = crop("Crop.moved(room, frame, right, down)", frame=frame, right=right, down=down)
        assert moved["x"] == min(max(300 + right, 0), 600) and moved["y"] == min(max(225 + down, 0), 450)
        assert (moved["width"], moved["height"]) == (200, 150)


@pytest.mark.parametrize("factor", [0.001, 0.5, 0.87, 1, 1.15, 2, 1000])
def test_a_sized_frame_keeps_the_networks_shape_and_never_holds_too_few_pixels(factor: float) -> None:
    frame = {"x": 300, "y": 225, "width": 200, "height": 150}
    sized = crop("Crop.sized(room, frame, factor)", frame=frame, factor=factor)
    assert sized["width"] == pytest.approx(min(max(200 * factor, 100), 800))
    assert sized["height"] == pytest.approx(sized["width"] * 0.75)
    assert 0 <= sized["x"] <= 800 - sized["width"] and 0 <= sized["y"] <= 600 - sized["height"]


def test_four_quarter_turns_lead_a_frame_back() -> None:
    frame = {"x": 40, "y": 380, "width": 240, "height": 180}
    turned = crop(
        """[1, 1, 1, 1].reduce(([room, frame], quarter) => {
          const after = { ...room, width: room.height, height: room.width };
          return [after, Crop.turned(room, frame, quarter)];
        }, [room, frame])[1]""",
        frame=frame,
    )
    assert turned == pytest.approx(frame)


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (1600, 300), (300, 1600), (101, 77)])
def test_the_frame_starts_where_python_has_it(size: tuple[int, int]) -> None:
    width, height = size
    largest = crop(
        "Crop.largest(Crop.roomOf(size, smallest))", size={"width": width, "height": height}, smallest=SMALLEST
    )
    expected = centred_frame(width, height)
    assert largest == {name: getattr(expected, name) for name in ("x", "y", "width", "height")}


@pytest.mark.parametrize("size", [(131, 100), (240, 180), (601, 450)])
def test_the_page_shrinks_pixels_as_python_does(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(4).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    shrunk = in_node(
        ["photo/pixels", "site/base64"],
        "async (given) => {" + PICTURE_OF + """
          const picture = pictureOf(given);
          return [...(await Pixels.shrink(picture, Pixels.centredFrame(picture.width, picture.height), 100, 75))];
        }""",
        picture(photo),
    )  # fmt: skip
    assert np.array_equal(np.array(shrunk).reshape(75, 100, 3), frame_and_shrink(photo, "photo", 100))


def test_the_guess_of_the_spot_holds_the_middle_of_drawn_lesions() -> None:
    drawn = [draw_demo_photo(index, 4242, width_px=240, height_px=180) for index in range(40)]
    guesses = in_node(
        ["photo/spot", "site/base64"],
        "async ([all, smallest]) => {" + PICTURE_OF + """
          const guesses = [];
          for (const each of all) guesses.push((await Spot.frame(pictureOf(each), smallest)).frame);
          return guesses;
        }""",
        [[picture(photo.pixels) for photo in drawn], SMALLEST],
    )  # fmt: skip
    found = 0
    for photo, guess in zip(drawn, guesses, strict=True):
        down, across = (float(places.mean()) for places in np.nonzero(photo.mask))
        is_inside_x = guess["x"] <= across <= guess["x"] + guess["width"]
        found += is_inside_x and guess["y"] <= down <= guess["y"] + guess["height"]
    assert found >= 38


KEPT = """({ classes, change }) => {
  const kept = {
    cutout: new Blob(["picture"]),
    answered: {
      name: "photo", quarters: 0, frame: { x: 0, y: 0, width: 4, height: 3 }, scope: 0.5, likeliest: "nv",
      probabilities: classes.map(({ code }) => (code === "nv" ? 0.88 : 0.02)),
      network: { name: "compact", version: "1" }, answeredAt: "2026-01-01T00:00:00.000Z",
      judgement: {
        verdict: "answer", sureness: "sure", rightOf100: 97, quality: ["dark"],
        malignant: { probability: 0.06, threshold: 0.3, isAbove: false, sensitivity: null, specificity: 0.7 },
      },
    },
  };
  eval(change);
  return KeptRecord.isWhole(kept, classes);
}"""
KEPT_CHANGES = {
    "": True,
    "kept.answered.judgement.rightOf100 = null": True,
    "kept.answered.judgement.rightOf100 = 101": False,
    "kept.answered.judgement.malignant.isAbove = true": False,
    "kept.answered.judgement.malignant.probability = 0.5": False,
    "kept.answered.likeliest = 'mel'": False,
    "kept.answered.probabilities.pop()": False,
    "kept.cutout = new Blob([])": False,
    "delete kept.answered": False,
}


@pytest.mark.parametrize(("change", "is_whole"), KEPT_CHANGES.items(), ids=["whole", *list(KEPT_CHANGES)[1:]])
def test_a_kept_answer_is_shown_only_if_it_is_whole(change: str, is_whole: bool) -> None:
    assert in_node(["history/kept_record"], KEPT, {"classes": classes_in_english(), "change": change}) is is_whole
