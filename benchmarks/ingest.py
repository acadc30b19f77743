"""Ingest beside Keras's own reader on the same files, and how time and memory grow with the number of photos.

    python benchmarks/ingest.py                                both read the same 2,000 JPEGs of 600 x 450, in turn
    python benchmarks/ingest.py --growth 1000 10000 100000     time and memory of every step, on JPEGs of 200 x 150

Every measurement runs in a process of its own. Makes its photos in a temporary folder, all of them different: drawn
lesions, each photo with noise, light and a place of its own. Needs Linux or macOS (peak memory).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

COMPARED, ROUNDS = 2000, 3
DRAWN = 20  # lesions that the photos are made from
SPARE_PX = 40  # drawn larger than the photos by this much, so that each photo has a place of its own
TRAINED_BATCHES = 20  # after which memory no longer grows
# How the photos to compare are stored: JPEG quality, subsampling of colour, noise in levels.
KINDS = {
    "as the ISIC Archive's smaller ones": (75, "4:2:0", 6),
    "between the two": (92, "4:2:0", 8),
    "as HAM10000's own": (98, "4:4:4", 4),
}
BETWEEN = KINDS["between the two"]


def make_photos(folder: Path, count: int, size: tuple[int, int], kind: tuple[int, str, int] = BETWEEN) -> None:
    """Write `count` JPEGs into seven class folders."""
    from builder.data.demo.draw import draw_demo_photo

    width, height = size
    drawn = [
        draw_demo_photo(index, 7, width_px=width + SPARE_PX, height_px=height + SPARE_PX).pixels
        for index in range(DRAWN)
    ]
    for label in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"):
        (folder / label).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_make_photo, folder, drawn, size, kind), range(count), chunksize=100))


def _make_photo(
    folder: Path, drawn: list[NDArray[np.uint8]], size: tuple[int, int], kind: tuple[int, str, int], number: int
) -> None:
    quality, subsampling, levels = kind
    random = np.random.default_rng(number)
    left, top = random.integers(0, SPARE_PX, 2)
    part = drawn[number % DRAWN][top : top + size[1], left : left + size[0]]
    noise = random.integers(-levels, levels + 1, part.shape, dtype=np.int16)
    pixels = np.clip(part * random.uniform(0.8, 1.1) + noise, 0, 255).astype(np.uint8)
    label = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")[number % 7]
    Image.fromarray(pixels).save(folder / label / f"{number:06d}.jpg", quality=quality, subsampling=subsampling)


def read_here(source: str, into: str, *settings: str) -> None:
    """This project's data stage."""
    from builder.config.read import read_config
    from builder.data.gather import gather_photos

    Path(into).mkdir(parents=True, exist_ok=True)
    gather_photos(read_config(REPOSITORY / "config.toml", source=source, settings=list(settings)).data, Path(into))


def read_with_lesions(source: str, into: str) -> None:
    """The ingest alone, as for data whose lesions are known: no photo is compared with the others."""
    from builder.data.ingest import ingest_photos
    from builder.data.sources.recognise import list_source

    Path(into).mkdir(parents=True, exist_ok=True)
    ingest_photos([list_source(source)], Path(into), with_likeness=False)


def read_with_keras(source: str, interpolation: str) -> None:
    """Keras's reader, to the same size; what it reads is thrown away."""
    from tf_keras.utils import image_dataset_from_directory

    photos = image_dataset_from_directory(
        source, image_size=(75, 100), interpolation=interpolation, shuffle=False, batch_size=32
    )
    for _ in photos:
        pass


def ask_for_changes(source: str) -> None:
    from builder.config.read import read_config
    from builder.data.gather import source_fingerprint

    source_fingerprint(read_config(REPOSITORY / "config.toml", source=source).data)


def split_and_augment(data: str, into: str) -> None:
    from builder.config.read import read_config
    from builder.split import split_photos
    from builder.train.augmented_copies import augment_training

    config = read_config(REPOSITORY / "config.toml", source="photos")
    split, augmented = Path(into, "split"), Path(into, "augmented")
    for folder in (split, augmented):
        folder.mkdir(parents=True)
    split_photos(Path(data), config.split, split)
    augment_training(Path(data), split, config.augment, augmented)


def train_a_little(data: str, into: str) -> float:
    """Returns the seconds until the first batch was trained on, the start of TensorFlow included."""
    started = time.perf_counter()
    from builder.config.read import read_config
    from builder.train import stage as train

    seconds: list[float] = []

    class EnoughError(Exception):
        pass

    def advance(*_: Any, **__: Any) -> None:
        seconds.append(time.perf_counter() - started)
        if len(seconds) == TRAINED_BATCHES:
            raise EnoughError

    @contextmanager
    def silent_steps(*_: Any, **__: Any) -> Any:
        yield advance

    vars(train)["steps"] = silent_steps
    config = read_config(REPOSITORY / "config.toml", source="photos")
    trained = Path(into, "trained")
    trained.mkdir()
    try:
        train.train_network(
            Path(data), Path(into, "split"), Path(into, "augmented"),
            network=config.network_of("cnn"), machines=config.machines, into=trained,
        )  # fmt: skip
    except EnoughError:
        return seconds[0]
    raise AssertionError("the training ended by itself")


KERAS, KERAS_AREA = "Keras, bilinear", "Keras, area"  # its default; what this project does too
STEPS = (read_here, read_with_lesions, read_with_keras, ask_for_changes, split_and_augment, train_a_little)


def run_step(name: str, arguments: list[str]) -> None:
    """In a process of its own: run one of STEPS and print how long it took and how much memory."""
    step: Any = next(step for step in STEPS if step.__name__ == name)
    # The start of either is not what is measured.
    if name == "read_with_keras":
        import tf_keras  # noqa: F401
    elif name in ("read_here", "read_with_lesions"):
        import builder.data.ingest
        import builder.data.near_identical
        import builder.data.sources.recognise  # noqa: F401
    started, computed = time.perf_counter(), _computed_s()
    result = step(*arguments)
    seconds, computed = time.perf_counter() - started, _computed_s() - computed
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"seconds": seconds, "computed": computed, "bytes": peak, "result": result}))


def _computed_s() -> float:
    """What the processor has worked for this process: tells the same also where others keep it busy."""
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def measured(step: Any, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, __file__, "--step", step.__name__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def compare(folder: Path, count: int) -> None:
    print(f"{count} distinct JPEGs of 600 x 450, {os.cpu_count()} cores, medians of {ROUNDS} rounds in turn")
    for name, kind in KINDS.items():
        photos = folder / name / "photos"
        make_photos(photos, count, (600, 450), kind)
        size = sum(file.stat().st_size for file in photos.rglob("*.jpg"))
        print(f"\n{size / count / 1000:.0f} kB each, {name}:\n{'':<32}photos/s  (range)      ms of work a photo")
        _compare_on(photos, count)


def _compare_on(photos: Path, count: int) -> None:
    walls: dict[str, list[float]] = {}
    work: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        for name, step, arguments in (
            ("lesionlens, lesions known", read_with_lesions, [photos.with_name(f"known {number}") / "out"]),
            ("lesionlens, photos compared", read_here, [photos.with_name(f"compared {number}") / "out"]),
            (KERAS, read_with_keras, ["bilinear"]),
            (KERAS_AREA, read_with_keras, ["area"]),
        ):
            done = measured(step, photos, *arguments)
            walls.setdefault(name, []).append(count / done["seconds"])
            work.setdefault(name, []).append(done["computed"] / count * 1000)
    speed = {name: statistics.median(speeds) for name, speeds in walls.items()}
    for name, speeds in walls.items():
        spread = f"({min(speeds):.0f}-{max(speeds):.0f})"
        print(
            f"  {name:<30}{speed[name]:8.0f}  {spread:<13}{statistics.median(work[name]):6.2f}"
            f"   {speed[name] / speed[KERAS]:.2f} x {KERAS}, {speed[name] / speed[KERAS_AREA]:.2f} x {KERAS_AREA}"
        )


def grow(folder: Path, counts: list[int]) -> None:
    print("photos   step                       seconds   peak memory")
    for count in counts:
        photos, work = folder / f"photos {count}", folder / f"work {count}"
        make_photos(photos, count, (200, 150))

        def show(name: str, done: dict[str, Any], count: int = count) -> None:
            print(f"{count:>7,}  {name:<26} {done['seconds']:7.1f}   {done['bytes'] / 1e9:5.2f} GB", flush=True)

        show("ingest, photos compared", measured(read_here, photos, work / "data" / "first"))
        show("has anything changed?", measured(ask_for_changes, photos))
        changed = photos / "akiec" / "000000.jpg"
        buffer = io.BytesIO()
        Image.open(photos / "bcc" / "000001.jpg").rotate(180).save(buffer, "JPEG")
        changed.write_bytes(buffer.getvalue())
        show("ingest, one photo changed", measured(read_here, photos, work / "data" / "second"))
        show("split and augment", measured(split_and_augment, work / "data" / "second", work))
        done = measured(train_a_little, work / "data" / "second", work)
        show("20 batches of training", done)
        print(f"{count:>7,}  {'first batch trained after':<26} {done['result']:7.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--growth", metavar="PHOTOS", type=int, nargs="+")
    parser.add_argument("--photos", metavar="N", type=int, default=COMPARED, help="to compare with Keras on")
    parser.add_argument("--folder", metavar="FOLDER", type=Path, help="for the photos; default: a temporary one")
    parser.add_argument("--step", help=argparse.SUPPRESS, nargs="+")
    given = parser.parse_args()
    if given.step:
        run_step(given.step[0], given.step[1:])
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        grow(Path(folder), given.growth) if given.growth else compare(Path(folder), given.photos)


if __name__ == "__main__":
    main()
