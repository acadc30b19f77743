"""One bad file among many is left out, counted and listed; many stop the build; nothing bad runs code or hangs."""

from __future__ import annotations

import os
import pickle
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from builder.errors import BuildError
from tests.photo_sets import (
    arrays,
    class_folder_files,
    gather,
    ham_rows,
    lay,
    medmnist,
    photo,
    reasons,
    table,
    zipped,
)


def png_of_size(width: int, height: int) -> bytes:
    """A whole PNG of a few kilobytes that unpacks to a picture of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    lines = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (photo(1, (600, 450))[:9000], "damaged or incomplete"),
        (b"", "not a photo"),
        (b"<html>404 Not Found</html>", "not a photo"),
        (photo(1, (60, 45)), "too small"),
        (png_of_size(20_000, 20_000), "too large (400 megapixels"),
        (b"II*\0" + bytes(200), "not a photo"),
    ],
    ids=["truncated JPEG", "zero bytes", "a web page", "a thumbnail", "decompression bomb", "TIFF"],
)
@pytest.mark.parametrize("in_zip", [False, True])
def test_a_bad_file_is_left_out_and_listed(tmp_path: Path, content: bytes, reason: str, in_zip: bool) -> None:
    files = {**class_folder_files(), "nv/bad.jpg": content}
    source = lay(tmp_path, {"set.zip": zipped(files)}) / "set.zip" if in_zip else lay(tmp_path / "set", files)
    photos = gather(source, tmp_path / "out")
    assert len(photos.labels) == 42
    assert list(reasons(photos)) == ["bad.jpg"] and reason in reasons(photos)["bad.jpg"]


def test_a_png_named_jpg_is_a_photo_like_any_other(tmp_path: Path) -> None:
    files = {**class_folder_files(), "nv/photo 05.jpg": photo(5, kind="PNG")}
    photos = gather(lay(tmp_path / "set", files), tmp_path / "out")
    assert len(photos.labels) == 42 and photos.about["left_out"] == []


def ham(folder: Path, rows: list[list[str]]) -> Path:
    photos = {f"photos/ISIC_{n:07d}.jpg": photo(n) for n in range(42)}
    return lay(folder, {"HAM10000_metadata.csv": table(rows), **photos})


def test_all_photos_of_a_lesion_with_two_diagnoses_are_left_out(tmp_path: Path) -> None:
    rows = ham_rows()
    assert rows[1][0] == rows[2][0]  # the first two photos show one lesion
    rows[2][2] = "nv"
    photos = gather(ham(tmp_path / "set", rows), tmp_path / "out")
    assert len(photos.labels) == 40
    assert set(reasons(photos).values()) == {"its lesion HAM_0000000 has two diagnoses: akiec and nv"}


def test_an_unknown_part_is_left_out_and_listed(tmp_path: Path) -> None:
    rows = [[*row, "test" if number else "part"] for number, row in enumerate(ham_rows())]
    rows[3][-1] = "holdout"
    photos = gather(ham(tmp_path / "set", rows), tmp_path / "out")
    assert "unknown part 'holdout'" in reasons(photos)["ISIC_0000002"]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\xff\xfe", b"lesion_id,image_id,dx\n"], ids=["empty", "binary", "bare"]
)
def test_metadata_of_nothing_is_a_problem_to_mend(tmp_path: Path, content: bytes) -> None:
    folder = ham(tmp_path / "set", ham_rows())
    (folder / "HAM10000_metadata.csv").write_bytes(content)
    with pytest.raises(BuildError):
        gather(folder, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "/etc/evil.jpg", "nv/../../evil.jpg", "C:\\evil.jpg", "nv\\..\\..\\evil.jpg"]
)
def test_zip_entries_that_climb_out_are_left_out_and_listed(tmp_path: Path, name: str) -> None:
    lay(tmp_path, {"set.zip": zipped({**class_folder_files(), name: photo(60)})})
    photos = gather(tmp_path / "set.zip", tmp_path / "out")
    assert len(photos.labels) == 42 and "climbs out" in next(iter(reasons(photos).values()))
    assert not list(tmp_path.rglob("evil*"))


def test_a_damaged_zip_entry_is_left_out_and_a_cut_zip_file_is_a_problem_to_mend(tmp_path: Path) -> None:
    whole = zipped({**class_folder_files(), "nv/bad.jpg": photo(60)})
    at = whole.index(photo(60)) + 300
    lay(tmp_path, {"set.zip": whole[:at] + b"damage" + whole[at + 6 :], "cut.zip": whole[:-2000]})
    photos = gather(tmp_path / "set.zip", tmp_path / "out")
    assert len(photos.labels) == 42 and "zip file" in reasons(photos)["bad.jpg"]
    with pytest.raises(BuildError, match="no whole zip file"):
        gather(tmp_path / "cut.zip", tmp_path / "out")


def test_a_zip_entry_that_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in class_folder_files().items():
            archive.writestr(name, content)
        with archive.open("nv/bomb.jpg", "w", force_zip64=True) as bomb:
            for _ in range(60):
                bomb.write(bytes(10_000_000))
    photos = gather(tmp_path / "set.zip", tmp_path / "out")
    assert "too large: 600 MB" in next(iter(reasons(photos).values()))


def test_links_are_followed_once_and_broken_ones_listed(tmp_path: Path) -> None:
    real = lay(tmp_path / "elsewhere", {f"{n}.jpg": photo(100 + n) for n in range(3)})
    folder = lay(tmp_path / "set", class_folder_files())
    try:
        (folder / "nv" / "more").symlink_to(real, target_is_directory=True)
        (folder / "nv" / "circle").symlink_to(folder, target_is_directory=True)
        (folder / "nv" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    except OSError:
        pytest.skip("this system lets not everyone make links")
    photos = gather(folder, tmp_path / "out")
    assert len(photos.labels) == 45
    assert reasons(photos) == {"nv/gone.jpg": "the link leads nowhere"}


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder outside pytest's own, which belong to one user alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="rights work otherwise there")
def test_folders_and_files_that_may_not_be_opened_are_listed(open_to_all: Path) -> None:
    folder = lay(
        open_to_all / "set", {**class_folder_files(), "mel/locked/a.jpg": photo(90), "mel/secret.jpg": photo(91)}
    )
    out = open_to_all / "out"
    out.mkdir()
    is_root = os.geteuid() == 0
    for path in (open_to_all, out):
        path.chmod(0o777)
    (folder / "mel/locked").chmod(0)
    (folder / "mel/secret.jpg").chmod(0)
    if is_root:
        os.seteuid(65534)  # root may open everything
    try:
        photos = gather(folder, out)
    finally:
        if is_root:
            os.seteuid(0)
        (folder / "mel/locked").chmod(0o755)
    assert len(photos.labels) == 42
    assert "cannot be opened" in reasons(photos)["mel/locked"]
    assert "Permission denied" in reasons(photos)["secret.jpg"]


NAMES = ["Muttermal ä.jpg", "母斑.jpg", "родинка.jpg", "شامة.jpg", "🙂 a'b;c,d.jpg", "%s{}.jpg", " space .jpg"]


def test_file_names_may_be_in_any_script(tmp_path: Path) -> None:
    files = {**class_folder_files(), **{f"mel/{name}": photo(70 + n) for n, name in enumerate(NAMES)}}
    for number, source in enumerate(
        [lay(tmp_path / "set", files), lay(tmp_path, {"set.zip": zipped(files)}) / "set.zip"]
    ):
        photos = gather(source, tmp_path / f"out {number}")
        assert {f"mel/{name}" for name in NAMES} <= set(photos.image_ids)


@pytest.mark.skipif(os.name == "nt", reason="names are always Unicode there")
def test_a_file_name_of_no_valid_text_is_no_obstacle(tmp_path: Path) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    try:
        with open(os.fsencode(folder / "mel") + b"/caf\xe9.jpg", "wb") as file:
            file.write(photo(80))
    except OSError:
        pytest.skip("this disk takes Unicode alone")
    for number in range(2):  # the second time from what the first has left
        photos = gather(folder, tmp_path / f"out {number}")
        assert "mel/caf\\xe9.jpg" in photos.image_ids


def test_a_few_bad_photos_in_arrays_are_left_out(tmp_path: Path) -> None:
    folder = arrays(tmp_path / "set", 80)
    photos = np.load(folder / "X.npy").astype(np.float32)
    photos[3, 0, 0, 0], photos[5, 1, 1, 1] = np.nan, 300
    labels = np.load(folder / "y.npy").astype(np.float64)
    labels[7], labels[8] = 7, np.nan
    np.save(folder / "X.npy", photos)
    np.save(folder / "y.npy", labels)
    read = gather(folder, tmp_path / "out")
    listed = reasons(read)
    assert len(read.labels) == 76
    assert "NaN" in listed["row 3"] and "outside 0 to 255" in listed["row 5"]
    assert "unknown label" in listed["row 7"] and "unknown label" in listed["row 8"]
    kept = [row for row in range(80) if row not in (3, 5, 7, 8)]
    assert read.image_ids.tolist() == [f"row {row}" for row in kept]
    assert (read.pixels == photos[kept]).all() and read.labels.tolist() == labels[kept].tolist()


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("y.npy", np.arange(43) % 7, "43 labels for 42 photos"),
        ("y.npy", np.zeros((42, 3)), r"shape \(42, 3\)"),
        ("y.npy", np.array(["nv"] * 42), "not numbers"),
        ("y.npy", np.zeros((42, 7)), "42 photos cannot be used"),
        ("X.npy", np.zeros((42, 28, 28, 3), np.uint8), "shape"),
        ("X.npy", np.zeros((42, 75, 100), np.uint8), "shape"),
        ("X.npy", np.zeros((42, 75, 100, 3), bool), "holds bool"),
        ("X.npy", np.array(3), "shape"),
        ("X.npy", np.random.default_rng(0).random((42, 75, 100, 3), np.float32), "numbers of 0 to 1"),
        ("X.npy", np.full((42, 75, 100, 3), np.nan), "0 to 1|42 photos cannot be used"),
        ("X.npy", np.zeros((0, 75, 100, 3), np.uint8), "42 labels for 0"),
    ],
)
def test_arrays_that_do_not_fit_are_a_problem_to_mend(
    tmp_path: Path, name: str, array: np.ndarray, problem: str
) -> None:
    folder = arrays(tmp_path / "set")
    np.save(folder / name, array)
    with pytest.raises(BuildError, match=problem):
        gather(folder, tmp_path / "out")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (Trap.folder,)

    folder = ""


@pytest.mark.parametrize("name", ["X.npy", "y.npy"])
@pytest.mark.parametrize("in_header", [True, False])
def test_a_pickle_in_an_array_is_refused_and_never_run(tmp_path: Path, name: str, in_header: bool) -> None:
    folder = arrays(tmp_path / "set")
    Trap.folder = str(tmp_path / "sprung")
    if in_header:
        np.save(folder / name, np.array([Trap()] * 42, dtype=object), allow_pickle=True)
    else:
        (folder / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BuildError, match="pickled objects are refused"):
        gather(folder, tmp_path / "out")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("change", ["cut", "missing", "pickle", "other set", "text"])
def test_a_wrong_npz_file_is_a_problem_to_mend(tmp_path: Path, change: str) -> None:
    file = medmnist(tmp_path / "dermamnist.npz")
    parts = dict(np.load(file))
    if change == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif change == "text":
        file.write_text("not found")
    else:
        if change == "missing":
            del parts["test_labels"]
        elif change == "pickle":
            Trap.folder = str(tmp_path / "sprung")
            parts["train_labels"] = np.array([Trap()] * 28, dtype=object)
        else:
            parts["train_images"] = np.zeros((28, 28, 28), np.uint8)
        np.savez(file, **parts)
    with pytest.raises(BuildError) as caught:
        gather(file, tmp_path / "out")
    assert "dermamnist.npz" in caught.value.problem and caught.value.remedy
    assert not (tmp_path / "sprung").exists()


def test_many_bad_files_stop_the_build_before_it_takes_long(tmp_path: Path) -> None:
    files = {**class_folder_files(), **{f"nv/bad {n}.jpg": b"" for n in range(5)}}
    with pytest.raises(BuildError, match="5 photos cannot be used, 42 can") as caught:
        gather(lay(tmp_path / "set", files), tmp_path / "out")
    assert "bad 0.jpg: " in caught.value.problem


def test_a_class_with_one_photo_is_no_obstacle(tmp_path: Path) -> None:
    files = {name: content for name, content in class_folder_files().items() if "df/" not in name}
    photos = gather(lay(tmp_path / "set", {**files, "df/only.jpg": photo(60)}), tmp_path / "out")
    assert (photos.labels == 3).sum() == 1
