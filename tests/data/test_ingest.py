"""Ingest: each photo is opened once, and again only if its file has changed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from builder.config.read import read_config
from builder.data import ingest
from builder.data.demo.stage import draw_photos
from builder.data.gather import source_fingerprint
from builder.data.near_identical import group_near_identical, likeness_of
from builder.data.pixel_file import PixelReader, appending_pixels
from builder.data.store import stored_pixels
from builder.photo.frame import centred_frame, shrink, stretch
from builder.photo.preprocess import photo_to_pixels
from tests.photo_sets import REPOSITORY, class_folder_files, gather, lay, photo, picture, zipped


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photos that are opened, as they are."""
    names: list[str] = []
    real = ingest.shrink_photo

    def watched(place, with_likeness):
        names.append(place.name)
        return real(place, with_likeness)

    monkeypatch.setattr(ingest, "shrink_photo", watched)
    return names


def test_each_photo_is_what_the_page_would_make_of_it(tmp_path: Path) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    photos = gather(folder, tmp_path / "out")
    for image, pixels in zip(photos.image_ids, photos.pixels, strict=True):
        assert (pixels == photo_to_pixels(folder / image)).all()


def test_many_threads_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay(tmp_path / "set", {**class_folder_files(84), "nv/bad.jpg": b""})
    many = gather(folder, tmp_path / "many" / "out")
    monkeypatch.setattr(ingest, "FEW_PHOTOS", 1000)
    one = gather(folder, tmp_path / "one" / "out")
    for name in ("pixels.npy", "photos.csv", "details.csv", "about.json", "ingested.csv"):
        assert (tmp_path / "many/out" / name).read_bytes() == (tmp_path / "one/out" / name).read_bytes()
    assert len(many.labels) == len(one.labels) == 84


@pytest.mark.parametrize("in_zip", [False, True])
def test_only_a_changed_photo_is_opened_again(tmp_path: Path, opened: list[str], in_zip: bool) -> None:
    files = class_folder_files()
    source = lay(tmp_path / "set", {"set.zip": zipped(files)} if in_zip else files)
    source = source / "set.zip" if in_zip else source
    gather(source, tmp_path / "work" / "first")
    assert len(opened) == 42
    opened.clear()
    files["mel/photo 04.jpg"] = photo(500)
    lay(tmp_path / "set", {"set.zip": zipped(files)} if in_zip else {"mel/photo 04.jpg": photo(500)})
    again = gather(source, tmp_path / "work" / "second")
    assert opened == ["photo 04.jpg"]
    fresh = gather(source, tmp_path / "elsewhere" / "out")
    assert (again.pixels == fresh.pixels).all()
    for name in ("photos.csv", "details.csv", "about.json", "pixels.npy"):
        assert (tmp_path / "work/second" / name).read_bytes() == (tmp_path / "elsewhere/out" / name).read_bytes()


def test_added_and_removed_photos_cost_themselves_alone(tmp_path: Path, opened: list[str]) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    gather(folder, tmp_path / "work" / "first")
    opened.clear()
    (folder / "akiec" / "photo 00.jpg").unlink()
    lay(folder, {"nv/new.jpg": photo(300)})
    assert len(gather(folder, tmp_path / "work" / "second").labels) == 42
    assert opened == ["new.jpg"]


def test_an_interrupted_ingest_goes_on_where_it_stopped(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay(tmp_path / "set", {**class_folder_files(), "akiec/bad.jpg": b""})
    watched = ingest.shrink_photo

    def interrupted(place, with_likeness):
        if len(opened) == 20:
            raise KeyboardInterrupt
        return watched(place, with_likeness)

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "shrink_photo", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gather(folder, tmp_path / "work" / "out")
    before = list(opened)
    assert len(before) == 20
    photos = gather(folder, tmp_path / "work" / "out")
    assert len(opened) == 43 and len(set(opened)) == 43
    assert not (tmp_path / "work" / "unfinished").exists()
    whole = gather(folder, tmp_path / "elsewhere" / "out")
    assert (photos.pixels == whole.pixels).all() and photos.about == whole.about


def test_a_record_that_was_cut_off_is_taken_as_far_as_it_is_whole(tmp_path: Path, opened: list[str]) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    gather(folder, tmp_path / "work" / "out")
    unfinished = tmp_path / "work" / "unfinished"
    (tmp_path / "work" / "out").rename(unfinished)
    record = unfinished / "ingested.csv"
    record.write_text("\n".join(record.read_text(encoding="utf-8").split("\n")[:11])[:-5], encoding="utf-8")
    opened.clear()
    photos = gather(folder, tmp_path / "work" / "out")
    assert len(opened) == 42 - 9
    for image, pixels in zip(photos.image_ids, photos.pixels, strict=True):
        assert (pixels == photo_to_pixels(folder / image)).all()


@pytest.mark.parametrize("size", [0, 50])
def test_a_file_of_pixels_without_a_whole_header_is_begun_anew(tmp_path: Path, size: int) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    gather(folder, tmp_path / "work" / "out")
    unfinished = tmp_path / "work" / "unfinished"
    (tmp_path / "work" / "out").rename(unfinished)
    os.truncate(unfinished / "pixels.npy", size)
    assert len(gather(folder, tmp_path / "work" / "out").labels) == 42


def test_what_another_version_of_the_code_has_shrunk_is_not_taken(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    gather(folder, tmp_path / "work" / "first")
    opened.clear()
    monkeypatch.setattr(ingest, "_digest", lambda _: "another")
    gather(folder, tmp_path / "work" / "second")
    assert len(opened) == 42


def test_asking_whether_anything_has_changed_opens_no_photo(tmp_path: Path) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    config = read_config(REPOSITORY / "config.toml", source=str(folder))
    before = source_fingerprint(config.data)
    for file in folder.rglob("*.jpg"):
        status = file.stat()
        file.write_bytes(b"x" * status.st_size)  # unreadable, and yet of the same size and time
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert source_fingerprint(config.data) == before


def test_the_demo_photos_are_the_same_from_the_same_seed(tmp_path: Path) -> None:
    config = read_config(REPOSITORY / "config.toml", settings=["demo.photos=70"])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        draw_photos(config.demo, tmp_path / name)
    assert (tmp_path / "one/pixels.npy").read_bytes() == (tmp_path / "two/pixels.npy").read_bytes()


def test_a_file_of_photos_can_be_written_on_and_read_in_parts(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 75, 100, 3), dtype=np.uint8)
    file = tmp_path / "pixels.npy"
    with appending_pixels(file) as writer:
        writer.append(pixels[:3])
    with appending_pixels(file, 2) as writer:
        writer.append(pixels[2])
        writer.append(pixels[3:])
    assert (np.load(file) == pixels).all()
    np.save(tmp_path / "numpys.npy", pixels)
    assert (tmp_path / "numpys.npy").read_bytes() == file.read_bytes()
    reader = PixelReader(file)
    assert (reader.count, reader.stored) == (12, 12) and (reader.read(7) == pixels[7]).all()
    reader.close()
    some = stored_pixels(tmp_path, np.array([1, 5, 9]))
    assert len(some) == 3 and (some[1:] == pixels[[5, 9]]).all() and (some[np.array([0, 2])] == pixels[[1, 9]]).all()


@pytest.mark.parametrize("size", [(100, 75), (200, 150), (600, 450), (1200, 900), (1600, 1200), (1700, 1275)])
def test_the_short_way_to_shrink_gives_what_the_long_way_gives(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    pixels[: size[1] // 2, ::2] = 255  # and many ties
    pixels[: size[1] // 2, 1::2] = 0
    framed = np.pad(pixels, ((1, 1), (1, 1), (0, 0)))  # a frame that starts elsewhere is shrunk the long way
    frame = centred_frame(*size)
    moved = type(frame)(1.0, 1.0, frame.width, frame.height)
    assert (shrink(pixels, frame) == shrink(framed, moved)).all()


def test_small_pictures_are_enlarged_evenly() -> None:
    ramp = np.repeat(np.arange(0, 224, 8, dtype=np.uint8)[None, :, None], 28, axis=0).repeat(3, axis=2)
    large = stretch(ramp)
    assert large.shape == (75, 100, 3)
    assert (np.diff(large[40, :, 0].astype(int)) >= 0).all() and abs(large.mean() - ramp.mean()) < 1


def test_near_identical_groups_join_where_they_meet() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, 32, dtype=np.uint8)

    def turned(bits: int) -> str:
        flipped = np.unpackbits(base)
        flipped[:bits] ^= 1
        return bytes(np.packbits(flipped)).hex()

    hashes = [turned(0), turned(128), turned(30), turned(60), turned(250)]
    assert group_near_identical(hashes).tolist() == [0, 1, 0, 0, 4]
    assert len(likeness_of(picture(1))) == 64
