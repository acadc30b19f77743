"""Every usual form of data is recognised by looking at it, and read without being unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.config.read import read_config
from builder.data.sources.labels import code_of_name
from builder.errors import BuildError
from builder.photo.frame import Frame, shrink
from builder.split import load_parts, load_split, split_photos
from tests.photo_sets import (
    CODES,
    REPOSITORY,
    arrays,
    class_folder_files,
    codes,
    gather,
    ham_rows,
    lay,
    medmnist,
    photo,
    picture,
    reasons,
    table,
    zipped,
)

PHOTOS = {f"ISIC_{n:07d}.jpg": photo(n) for n in range(42)}
HALVES = [dict(list(PHOTOS.items())[:21]), dict(list(PHOTOS.items())[21:])]
MASKS = {f"HAM10000_segmentations_lesion_tschandl/ISIC_{n:07d}_segmentation.png": photo(n, kind="PNG") for n in (0, 1)}


def one_hot(rows: list[list[str]]) -> bytes:
    columns = ["MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"]
    return table(
        [["image", *columns], *([row[1], *(f"{float(c.lower() == row[2])}" for c in columns)] for row in rows)]
    )


def isic(folder: Path, *, groupings: bool = True) -> Path:
    rows = ham_rows()[1:]
    files = {f"ISIC2018_Task3_Training_Input/{name}": content for name, content in PHOTOS.items()}
    truth = "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv"
    files[truth] = one_hot(rows)
    if groupings:
        files["ISIC2018_Task3_Training_LesionGroupings.csv"] = table(
            [["image", "lesion_id", "diagnosis_confirm_type"], *([row[1], row[0], "histopathology"] for row in rows)]
        )
    return lay(folder, files)


def isic_test(folder: Path, first: int = 100) -> Path:
    rows = [["", f"ISIC_{n:07d}", CODES[n % 7]] for n in range(first, first + 14)]
    photos = {f"ISIC2018_Task3_Test_Input/{row[1]}.jpg": photo(first + n) for n, row in enumerate(rows)}
    return lay(folder, {"ISIC2018_Task3_Test_GroundTruth.csv": one_hot(rows), **photos})


def kaggle(folder: Path) -> Path:
    files = {f"HAM10000_images_part_{part + 1}/{name}": half[name] for part, half in enumerate(HALVES) for name in half}
    return lay(
        folder, {"HAM10000_metadata.csv": table(ham_rows()), "hmnist_28_28_L.csv": b"pixel0,label\n1,2\n", **files}
    )


def dataverse(folder: Path) -> Path:
    tests = {f"ISIC2018_Task3_Test_Images/ISIC_{n:07d}.jpg": photo(n) for n in (90, 91)}
    return lay(folder, {
        "HAM10000_metadata.tab": table(ham_rows(), "\t"),
        "HAM10000_images_part_1.zip": zipped(HALVES[0]),
        "HAM10000_images_part_2.zip": zipped(HALVES[1]),
        "HAM10000_segmentations_lesion_tschandl.zip": zipped(MASKS),
        "ISIC2018_Task3_Test_Images.zip": zipped(tests),
    })  # fmt: skip


def kaggle_zip(folder: Path) -> Path:
    inside = {f"HAM10000_images_part_1/{name}": content for name, content in PHOTOS.items()}
    files = {"archive.zip": zipped({"HAM10000_metadata.csv": table(ham_rows()), **inside, "__MACOSX/._a.jpg": b"x"})}
    return lay(folder, files) / "archive.zip"


@pytest.mark.parametrize("made", [kaggle, dataverse, kaggle_zip])
def test_ham10000_is_the_same_however_it_comes(tmp_path: Path, made) -> None:
    photos = gather(made(tmp_path / "set"), tmp_path / "out")
    rows = ham_rows()[1:]
    assert photos.image_ids.tolist() == [row[1] for row in rows]
    assert photos.lesion_ids.tolist() == [row[0] for row in rows]
    assert codes(photos) == [row[2] for row in rows]
    assert photos.about["source"] == "ham10000" and photos.about["left_out"] == []
    assert photos.details["localization"].tolist() == ["back"] * 42 and photos.details["size"][0] == "120x90"
    plain = gather(kaggle(tmp_path / "plain"), tmp_path / "plain-out")
    assert (photos.pixels == plain.pixels).all()


def test_nothing_of_a_zip_file_is_unpacked_to_the_disk(tmp_path: Path) -> None:
    folder = dataverse(tmp_path / "set")
    before = sorted(folder.rglob("*"))
    gather(folder, tmp_path / "out")
    assert sorted(folder.rglob("*")) == before
    assert not list(tmp_path.rglob("*.jpg"))


def test_isic_2018_is_read_with_its_lesions(tmp_path: Path) -> None:
    photos = gather(isic(tmp_path / "set"), tmp_path / "out")
    rows = ham_rows()[1:]
    assert photos.about["source"] == "isic2018" and photos.about["left_out"] == []
    assert photos.lesion_ids.tolist() == [row[0] for row in rows] and codes(photos) == [row[2] for row in rows]
    assert set(photos.details["dx_type"]) == {"histopathology"} and photos.about["near_identical"] is None


def test_isic_2018_without_groupings_says_that_lesions_are_not_known(tmp_path: Path) -> None:
    photos = gather(isic(tmp_path / "set", groupings=False), tmp_path / "out")
    assert photos.about["near_identical"] == {"photos": 0, "groups": 0}
    assert len(set(photos.lesion_ids)) == 42


def test_the_official_test_set_is_the_test_part_and_nothing_else_is(tmp_path: Path) -> None:
    test = isic_test(tmp_path / "test")
    out = tmp_path / "out"
    photos = gather(kaggle(tmp_path / "set"), out, f'data.test_source="{test.as_posix()}"')
    config = read_config(REPOSITORY / "config.toml", source="x")
    split_photos(out, config.split, out)
    is_official = np.char.startswith(photos.image_ids, "ISIC_00001")
    assert load_parts(out)["test"].tolist() == np.flatnonzero(is_official).tolist()
    assert "a source of its own" in load_split(out)["rule"]
    assert (
        photos.about["title"] == "HAM10000, tested on ISIC 2018, Task 3" and photos.about["test_source"] == "isic2018"
    )


def test_a_table_can_be_named_where_a_folder_holds_several_sets(tmp_path: Path) -> None:
    folder = dataverse(tmp_path / "set")  # with the photos of the test set, as Dataverse has it
    rows = [ham_rows()[0], *(["TEST_1", f"ISIC_{n:07d}", "nv", *ham_rows()[1][3:]] for n in (90, 91))]
    (folder / "ISIC2018_Task3_Test_GroundTruth.tab").write_bytes(table(rows, "\t"))
    test = folder / "ISIC2018_Task3_Test_GroundTruth.tab"
    photos = gather(folder, tmp_path / "out", f'data.test_source="{test.as_posix()}"')
    assert len(photos.labels) == 44 and photos.about["left_out"] == []
    assert photos.image_ids[photos.own_parts == "test"].tolist() == ["ISIC_0000090", "ISIC_0000091"]


def test_a_photo_that_is_in_the_test_data_too_is_not_trained_on(tmp_path: Path) -> None:
    test = isic_test(tmp_path / "test", first=40)  # photos 40 and 41 are in the training source too
    photos = gather(kaggle(tmp_path / "set"), tmp_path / "out", f'data.test_source="{test.as_posix()}"')
    assert len(photos.labels) == 40 + 14
    assert set(photos.own_parts[np.isin(photos.image_ids, ["ISIC_0000040", "ISIC_0000041"])]) == {"test"}
    assert "2 photos are in both sources" in " ".join(photos.about["notes"])


def test_the_same_photo_under_another_name_is_not_trained_on(tmp_path: Path) -> None:
    test = isic_test(tmp_path / "test")
    (test / "ISIC2018_Task3_Test_Input" / "ISIC_0000100.jpg").write_bytes(PHOTOS["ISIC_0000005.jpg"])
    out = tmp_path / "out"
    photos = gather(kaggle(tmp_path / "set"), out, f'data.test_source="{test.as_posix()}"')
    split_photos(out, read_config(REPOSITORY / "config.toml", source="x").split, out)
    parts = load_parts(out)
    names = {part: set(photos.image_ids[rows]) for part, rows in parts.items()}
    assert "ISIC_0000100" in names["test"]
    assert "ISIC_0000005" not in names["training"] | names["validation"]
    assert load_split(out)["unused"] >= 1


def test_a_table_of_ones_own_may_name_parts(tmp_path: Path) -> None:
    rows = ham_rows()
    parts = [["part"], *([("test", "validation", "training", "training")[int(row[0][4:]) % 4]] for row in rows[1:])]
    own = table([[*row, *part] for row, part in zip(rows, parts, strict=True)], ";")
    photos = gather(lay(tmp_path / "set", {"my photos.csv": own, **PHOTOS}), tmp_path / "out")
    assert photos.own_parts.tolist() == [part[0] for part in parts[1:]]
    assert photos.about["licence"] is None and photos.about["title"] != "HAM10000"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MEL", "mel"), ("Melanoma", "mel"), ("melanocytic_nevi", "nv"), ("Melanocytic Nevus", "nv"), ("moles", "nv"),
        ("Bowen's disease", "akiec"), ("Actinic Keratoses", "akiec"), ("basal-cell-carcinoma", "bcc"),
        ("Benign keratosis-like lesions", "bkl"), ("seborrheic keratosis", "bkl"), ("Dermatofibroma", "df"),
        ("vascular lesion", "vasc"), ("wart", None), ("melanoma?", "mel"), ("other", None), ("", None),
    ],
)  # fmt: skip
def test_a_class_folder_may_bear_code_name_or_synonym(name: str, code: str | None) -> None:
    assert code_of_name(name) == code


@pytest.mark.parametrize("wrapping", ["", "my photos/", "skin/photos/"])
def test_class_folders_are_read(tmp_path: Path, wrapping: str) -> None:
    photos = gather(lay(tmp_path / "set", class_folder_files(before=wrapping)), tmp_path / "out")
    assert photos.about["source"] == "class folders"
    assert sorted(codes(photos)) == sorted(CODES * 6)
    assert all(Path(image).parent.name == code for image, code in zip(photos.image_ids, codes(photos), strict=True))


def test_class_folders_may_lie_in_a_zip_file(tmp_path: Path) -> None:
    lay(tmp_path, {"set.zip": zipped(class_folder_files(before="set/"))})
    assert len(gather(tmp_path / "set.zip", tmp_path / "out").labels) == 42


def test_an_unknown_class_folder_is_named_and_never_guessed(tmp_path: Path) -> None:
    files = {**class_folder_files(), "warts/a.jpg": photo(50), "warts/b.jpg": photo(51), "blister/c.jpg": photo(52)}
    with pytest.raises(BuildError, match=r"'blister' \(1\), 'warts' \(2\)"):
        gather(lay(tmp_path / "set", files), tmp_path / "out")


def test_parts_in_folders_of_ones_own_are_kept(tmp_path: Path) -> None:
    files = class_folder_files(28, "train/") | {
        f"{part}/{CODES[n % 7]}/{n}.jpg": photo(100 * at + n)
        for at, part in enumerate(("val", "Test"), 1)
        for n in range(7)
    }
    out = tmp_path / "out"
    photos = gather(lay(tmp_path / "set", files), out)
    split_photos(out, read_config(REPOSITORY / "config.toml", source="x").split, out)
    counts = {part: len(rows) for part, rows in load_parts(out).items()}
    assert counts == {"training": 28, "validation": 7, "test": 7}
    assert set(photos.own_parts) == {"training", "validation", "test"}


def test_near_identical_photos_are_one_lesion_where_no_lesion_is_known(tmp_path: Path) -> None:
    files = class_folder_files()
    files["nv/again.png"] = photo(5, kind="PNG")  # photo 5, stored anew
    photos = gather(lay(tmp_path / "set", files), tmp_path / "out")
    assert photos.about["near_identical"] == {"photos": 2, "groups": 1}
    lesions = dict(zip(photos.image_ids, photos.lesion_ids, strict=True))
    assert lesions["nv/again.png"] == lesions["nv/photo 05.jpg"]
    assert len(set(photos.lesion_ids)) == 42


@pytest.mark.parametrize("one_hot_labels", [False, True])
def test_the_origins_arrays_are_read(tmp_path: Path, one_hot_labels: bool) -> None:
    folder = arrays(tmp_path / "set")
    if one_hot_labels:
        np.save(folder / "y.npy", np.eye(7, dtype=np.float32)[np.arange(42) % 7])
    for source in (folder, folder / "X.npy"):
        photos = gather(source, tmp_path / source.name)
        assert (photos.pixels == np.load(folder / "X.npy")).all()
        assert photos.labels.tolist() == (np.arange(42) % 7).tolist()


def test_levels_stored_as_floats_are_rounded_half_up(tmp_path: Path) -> None:
    folder = arrays(tmp_path / "set")
    np.save(folder / "X.npy", np.load(folder / "X.npy").astype(np.float32) - 0.5)
    values = np.clip(np.load(folder / "X.npy"), 0, 255)
    np.save(folder / "X.npy", values)
    assert (gather(folder, tmp_path / "out").pixels == np.floor(values + 0.5)).all()


def test_grey_arrays_stand_in_only_where_there_are_no_coloured_ones(tmp_path: Path) -> None:
    folder = arrays(tmp_path / "set")
    grey = np.load(folder / "X.npy")[..., 1]
    np.save(folder / "X_g.npy", grey)
    coloured = gather(folder, tmp_path / "both")
    assert (coloured.pixels == np.load(folder / "X.npy")).all() and "not used" in coloured.about["notes"][0]
    (folder / "X.npy").unlink()
    for array in (grey, grey[..., None]):
        np.save(folder / "X_g.npy", array)
        photos = gather(folder, tmp_path / f"grey {array.ndim}")
        assert (photos.pixels == grey[..., None]).all() and "grey" in photos.about["notes"][0]


@pytest.mark.parametrize("side", [28, 64, 128, 224])
def test_dermamnist_is_read_at_every_size_with_its_own_split(tmp_path: Path, side: int) -> None:
    out = tmp_path / "out"
    photos = gather(medmnist(tmp_path / f"dermamnist_{side}.npz", side), out)
    split_photos(out, read_config(REPOSITORY / "config.toml", source="x").split, out)
    assert {part: len(rows) for part, rows in load_parts(out).items()} == {"training": 28, "validation": 7, "test": 14}
    assert photos.labels.tolist() == [n % 7 for n in (*range(28), *range(28, 35), *range(35, 49))]
    assert f"{side} pixels" in photos.about["title"]
    assert any("Abhishek" in note for note in photos.about["notes"])
    assert any(("enlarged" if side < 100 else "shrunk") in note for note in photos.about["notes"])
    square = picture(0, (side, side))
    if side >= 100:
        assert (photos.pixels[0] == shrink(square, Frame(0, 0, side, side))).all()
    assert abs(photos.pixels[0].mean(dtype=float) - square.mean()) < 2


def test_a_folder_that_is_nothing_known_says_what_is(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        gather(lay(tmp_path / "set", {"a.jpg": photo(1), "notes.txt": b"x"}), tmp_path / "out")
    assert "1 photos" in caught.value.problem and "DermaMNIST" in caught.value.remedy


def test_drawn_photos_have_no_other_test_part(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no other test part"):
        gather("demo", tmp_path / "out", 'data.test_source="x"')


@pytest.mark.parametrize("made", [kaggle, isic])
def test_a_photo_of_the_same_name_in_another_folder_is_passed_over_and_listed(
    tmp_path: Path, made, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "set")
    photos = sorted(folder.rglob("*.jpg"))
    lay(folder, {f"more/{file.name}": file.read_bytes() for file in photos})
    gathered = gather(folder, tmp_path / "out")
    assert len(gathered.labels) == len(photos)
    listed = {file.relative_to(folder).as_posix() for file in photos}
    assert reasons(gathered) == dict.fromkeys(listed, "the one of the same name in more is taken")
    assert f"passed over {len(photos)} photos whose name another has too, such as {min(listed)}" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_folder_beside_the_zip_file_that_it_came_from_is_taken_and_the_zip_file_listed(tmp_path: Path) -> None:
    folder = kaggle(tmp_path / "set")
    lay(folder, {"HAM10000_images_part_1.zip": zipped(HALVES[0])})
    gathered = gather(folder, tmp_path / "out")
    assert len(gathered.labels) == len(ham_rows()) - 1
    assert reasons(gathered) == {
        f"HAM10000_images_part_1.zip: {name}": "the one of the same name in HAM10000_images_part_1 is taken"
        for name in HALVES[0]
    }


def test_a_stranger_in_a_ham10000_zip_is_listed(tmp_path: Path) -> None:
    folder = dataverse(tmp_path / "set")
    (folder / "HAM10000_images_part_1.zip").write_bytes(zipped({**HALVES[0], "stranger.jpg": photo(70)}))
    assert reasons(gather(folder, tmp_path / "out")) == {"stranger.jpg": "the metadata does not name it"}
