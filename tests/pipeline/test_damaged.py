"""Whatever a disk has done to what stages have left, the next run ends with the same bytes, or in two lines."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.cli import main
from builder.config.read import read_config
from builder.data import ingest
from builder.data.sources.listing import Place
from builder.errors import BuildError
from builder.files.atomic_write import write_atomically, writing_atomically
from builder.files.ownership import DONE
from builder.pipeline.chain import Chain
from builder.pipeline.stages import Stage
from builder.train.checkpoint import read_arrays, read_history, write_arrays, write_checkpoint
from builder.train.timing import training_time
from tests.conftest import REPOSITORY
from tests.damage import WAYS, contents
from tests.photo_sets import class_folder_files, gather, lay

CONFIG = read_config(REPOSITORY / "config.toml")
ways = pytest.mark.parametrize("way", WAYS)


# Files that are written


def test_a_file_whose_writing_breaks_off_is_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    for before in ([], ["record.json"]):
        with pytest.raises(OSError, match="full"), writing_atomically(file) as stream:
            stream.write(b"half of")
            raise OSError("the disk is full")
        assert [path.name for path in tmp_path.iterdir()] == before
        write_atomically(file, "whole")
        assert file.read_text(encoding="utf-8") == "whole"


@pytest.mark.parametrize(
    "taken", ["work/somebodys.txt", "work/last_build.json/somebodys.txt", "work/lock/somebodys.txt"]
)
def test_a_place_that_is_taken_is_said_in_two_lines(
    tmp_path: Path, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path, {taken: b"not the build's"})
    place = (tmp_path / taken).parent
    work = tmp_path / taken if place.name == "work" else tmp_path / "work"
    assert main(["--work", str(work), "--site", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and str(work) in said[0] and place.name in said[0]
    assert (tmp_path / taken).read_bytes() == b"not the build's"


# Results of stages


EARLIER = Stage("split", "tests.pipeline.test_damaged:leave_parts")
LATER = Stage("augment", "tests.pipeline.test_damaged:turn_round")


def leave_parts(into: Path) -> None:
    (into / "parts.npy").write_bytes(bytes(range(256)))
    (into / "further").mkdir()
    (into / "further" / "about.json").write_text('{"rule": "by lesion"}', encoding="utf-8")


def turn_round(earlier: Path, into: Path) -> None:
    (into / "further.npy").write_bytes((earlier / "parts.npy").read_bytes()[::-1])


def run_chain(work: Path) -> list[str]:
    """Run two small stages, the second of which reads what the first has left; returns which were run."""
    chain = Chain(CONFIG, work)
    chain.run(LATER, {"earlier": chain.run(EARLIER, {}, {})}, {})
    return chain.ran


@ways
@pytest.mark.parametrize(
    "file", ["split/*/done.json", "split/*/parts.npy", "split/*/further/*.json", "augment/*/further.npy"]
)
def test_a_damaged_result_is_said_and_made_anew(
    tmp_path: Path, file: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_chain(tmp_path)
    before = contents(tmp_path)
    for damaged in list(tmp_path.glob(file)):
        WAYS[way](damaged)
    try:
        assert run_chain(tmp_path) == [file.partition("/")[0]]
    except BuildError as refusal:
        assert way == "a folder" and refusal.remedy
        return
    assert contents(tmp_path) == before
    said = capsys.readouterr().out
    assert ("is damaged" in said and "made anew" in said) or (way == "deleted" and DONE in file)
    assert run_chain(tmp_path) == [] and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", '{"result": {}}', '{"result": []}', '{"result": null}', "[" * 5000, "NaN", '"text"']
)
def test_a_list_of_files_of_another_shape_is_a_damaged_one(tmp_path: Path, content: str) -> None:
    run_chain(tmp_path)
    before = contents(tmp_path)
    [done] = tmp_path.glob(f"split/*/{DONE}")
    done.write_text(content, encoding="utf-8")
    assert run_chain(tmp_path) == ["split"] and contents(tmp_path) == before


def test_the_list_of_another_result_is_a_damaged_one(tmp_path: Path) -> None:
    run_chain(tmp_path)
    before = contents(tmp_path)
    [done], [other] = tmp_path.glob(f"split/*/{DONE}"), tmp_path.glob(f"augment/*/{DONE}")
    shutil.copy(other, done)
    shutil.copy(other.with_name("further.npy"), done.parent)
    assert run_chain(tmp_path) == ["split"] and contents(tmp_path).items() >= before.items()


# Checkpoints


class Variable:
    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def numpy(self) -> np.ndarray:
        return self.array


HISTORY = [{"epoch": epoch, "val_loss": loss} for epoch, loss in ((1, 0.9), (2, 0.4), (3, 0.5))]
VARIABLES = [Variable(np.random.default_rng(1).normal(size=shape).astype(np.float32)) for shape in ((4, 3), (3,), ())]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """One after three epochs, of which the second was the best."""
    file, kept = tmp_path / "checkpoint.npz", tmp_path / "epoch-2.npz"
    write_arrays(kept, VARIABLES[:2])
    write_checkpoint(file, VARIABLES, HISTORY, kept)
    return file


def test_a_whole_checkpoint_gives_back_what_was_put_in(checkpoint: Path) -> None:
    assert read_history(checkpoint) == HISTORY
    for read, written in zip(read_arrays(checkpoint), VARIABLES, strict=True):
        assert (read == written.array).all() and read.dtype == written.array.dtype
    assert len(read_arrays(checkpoint.with_name("epoch-2.npz"))) == 2


@ways
@pytest.mark.parametrize("name", ["checkpoint.npz", "epoch-2.npz"])
def test_a_damaged_checkpoint_is_said_and_counts_as_none(
    checkpoint: Path, name: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    WAYS[way](checkpoint.with_name(name))
    if (name, way) == ("checkpoint.npz", "a folder"):
        with pytest.raises((OSError, BuildError)):  # in two lines: nothing of somebody's is deleted
            read_history(checkpoint)
        assert (checkpoint / "somebodys.txt").exists()
        return
    assert read_history(checkpoint) == [] and not checkpoint.exists()
    assert ("is damaged" in capsys.readouterr().out) or (name, way) == ("checkpoint.npz", "deleted")


def test_a_flipped_bit_anywhere_in_a_checkpoint_is_found(checkpoint: Path) -> None:
    whole = checkpoint.read_bytes()
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        checkpoint.write_bytes(flipped)
        assert read_history(checkpoint) == [], f"byte {place} of {len(whole)}"


def of_other_arrays(**changed: Any) -> bytes:
    """What numpy alone would write, as no training does."""
    arrays = {f"arr_{n}": variable.array for n, variable in enumerate(VARIABLES)}
    file = io.BytesIO()
    kept = {"history": np.array(json.dumps(HISTORY)), "relies_on": np.array("{}"), **arrays, **changed}
    np.savez(file, **{name: array for name, array in kept.items() if array is not None})
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        of_other_arrays(),
        of_other_arrays(arr_1=None),
        of_other_arrays(arr_0=np.zeros((9, 9), np.float32)),
        of_other_arrays(history=None),
        of_other_arrays(history=np.array('[{"epoch": 1')),
        of_other_arrays(history=np.array('[{"epoch": 1, "val_loss": NaN}]')),
        of_other_arrays(history=np.array(json.dumps(HISTORY * 9))),
    ],
    ids=["no seal", "an array less", "other shapes", "no history", "half a history", "NaN", "more epochs than trained"],
)
def test_a_checkpoint_that_no_training_wrote_counts_as_none(checkpoint: Path, content: bytes) -> None:
    checkpoint.write_bytes(content)
    assert read_history(checkpoint) == [] and not checkpoint.exists()


def train(folder: Path) -> tuple[bytes, Any]:
    """Train a network on a few photos of noise; returns its weights and its history."""
    from builder.train.recipe import compile_network
    from builder.train.stage import fit
    from tests.small_network import small_network

    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (8, 75, 100, 3), dtype=np.uint8), random.integers(0, 7, 8)
    recipe = replace(CONFIG.network_of("compact").recipe, epochs=1, keep="best", batch_photos=8)
    network = compile_network(small_network(recipe.seed), recipe, len(photos[0]))
    history = fit(network, photos, photos, recipe, folder / "checkpoint.npz")
    return b"".join(weights.tobytes() for weights in network.get_weights()), history


def test_a_training_without_the_weights_it_relies_on_begins_anew_and_ends_with_the_same_bytes(
    trains: None, tmp_path: Path
) -> None:
    whole = train(tmp_path)
    WAYS["flipped"](tmp_path / "epoch-1.npz")
    assert train(tmp_path) == whole


@ways
def test_damaged_notes_of_how_long_a_training_took_are_no_obstacle(tmp_path: Path, way: str) -> None:
    notes = [{"first_epoch": 1, "last_epoch": 2, "seconds": 10.0}]
    (tmp_path / "seconds.json").write_text(json.dumps(notes), encoding="utf-8")
    assert training_time(tmp_path, 2) == {"seconds": 10.0, "epochs_timed": 2}
    WAYS[way](tmp_path / "seconds.json")
    timed = training_time(tmp_path, 2)
    assert timed is None or way == "flipped"  # it may have met a digit


# Photos that were read


@pytest.fixture(scope="module")
def photo_set(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder of photos, and what reading it gives."""
    folder = tmp_path_factory.mktemp("photos")
    source = lay(folder / "set", {**class_folder_files(), "nv/bad.jpg": b""})
    gather(source, folder / "work" / "out")
    return source, contents(folder / "work" / "out")


@ways
@pytest.mark.parametrize("name", ["pixels.npy", "ingested.csv"])
@pytest.mark.parametrize("kept_in", ["an earlier result", ingest.UNFINISHED])
def test_photos_that_were_kept_damaged_are_opened_again(
    tmp_path: Path, photo_set: tuple[Path, dict[str, bytes]], kept_in: str, name: str, way: str
) -> None:
    source, whole = photo_set
    for file, content in whole.items():
        lay(tmp_path / "work" / kept_in, {file: content})
    WAYS[way](tmp_path / "work" / kept_in / name)
    try:
        gather(source, tmp_path / "work" / "out")
    except (OSError, BuildError):
        assert (kept_in, way) == (ingest.UNFINISHED, "a folder")  # in two lines: nothing of somebody's is deleted
        return
    assert contents(tmp_path / "work" / "out") == whole


def test_of_damaged_pixels_only_the_photos_that_they_show_are_opened_again(
    tmp_path: Path, photo_set: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, whole = photo_set
    lay(tmp_path / "work" / "earlier", whole)
    WAYS["flipped"](tmp_path / "work" / "earlier" / "pixels.npy")
    opened = []
    real = ingest.shrink_photo

    def watched(place: Place, how: Any) -> ingest.Shrunk:
        opened.append(place.name)
        return real(place, how)

    monkeypatch.setattr(ingest, "shrink_photo", watched)
    gather(source, tmp_path / "work" / "out")
    assert len(opened) == 2 and "bad.jpg" in opened  # which has no pixels to go on from
    assert contents(tmp_path / "work" / "out") == whole
