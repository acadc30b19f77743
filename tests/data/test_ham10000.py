"""HAM10000 in its usual layout, and what can be wrong with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.config.read import read_config
from builder.data.gather import gather_photos, source_fingerprint
from builder.data.store import load_named_photos
from builder.errors import BuildError

REPOSITORY = Path(__file__).parents[2]
REAL = REPOSITORY.parent / "shared" / "data" / "ham10000"
CODES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
MakeFolder = Callable[..., Path]


def photo(seed: int, size: tuple[int, int] = (120, 90)) -> bytes:
    colour = np.random.default_rng(seed).integers(60, 200, 3)
    file = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), colour, np.uint8)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def ham(tmp_path: Path) -> Path:
    """Forty-two photos of 28 lesions in two folders, metadata beside them."""
    folder = tmp_path / "ham"
    rows = []
    for index in range(42):
        part = folder / f"HAM10000_images_part_{index % 2 + 1}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"ISIC_{index:07d}.jpg").write_bytes(photo(index))
        rows.append([f"HAM_{index * 2 // 3:07d}", f"ISIC_{index:07d}", CODES[index * 2 // 3 % 7], "histo", "50.0"])
    write_metadata(folder, rows)
    return folder


def write_metadata(folder: Path, rows: list[list[str]]) -> None:
    with open(folder / "HAM10000_metadata.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["lesion_id", "image_id", "dx", "dx_type", "age"], *rows])


def metadata(folder: Path) -> list[list[str]]:
    with open(folder / "HAM10000_metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def gather(folder: Path, into: Path):
    into.mkdir(exist_ok=True)
    gather_photos(read_config(REPOSITORY / "config.toml", source=str(folder)).data, into)
    return load_named_photos(into)


def reasons(photos) -> dict[str, str]:
    return {entry["file"]: entry["reason"] for entry in photos.about["left_out"]}


def test_photos_of_all_folders_are_read_with_label_and_lesion(ham: Path, tmp_path: Path) -> None:
    photos = gather(ham, tmp_path / "out")
    assert photos.pixels.shape == (42, 75, 100, 3) and photos.pixels.dtype == np.uint8
    assert list(photos.image_ids) == [row[1] for row in metadata(ham)]
    assert list(photos.lesion_ids) == [row[0] for row in metadata(ham)]
    assert [CODES[label] for label in photos.labels] == [row[2] for row in metadata(ham)]
    assert photos.about["title"] == "HAM10000" and not photos.about["is_demo"] and photos.about["left_out"] == []


def test_bad_files_are_left_out_and_listed(ham: Path, tmp_path: Path) -> None:
    first = ham / "HAM10000_images_part_1"
    (first / "ISIC_0000002.jpg").write_bytes(photo(2)[:300])
    (first / "stranger.jpg").write_bytes(photo(3))
    photos = gather(ham, tmp_path / "out")
    assert len(photos.labels) == 41
    assert "damaged" in reasons(photos)["ISIC_0000002.jpg"]
    assert "does not name it" in reasons(photos)["stranger.jpg"]


@pytest.mark.parametrize(
    ("column", "value", "reason", "kept"),
    [
        (2, "wart", "unknown label 'wart'", 41),
        (2, "", "unknown label ''", 41),
        (0, "", "no lesion id", 41),
        (1, "ISIC_0000000", "says two things", 40),  # of another lesion: nobody knows which is true
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_listed(
    ham: Path, tmp_path: Path, column: int, value: str, reason: str, kept: int
) -> None:
    rows = metadata(ham)
    rows[5][column] = value
    write_metadata(ham, rows)
    photos = gather(ham, tmp_path / "out")
    assert len(photos.labels) == kept
    assert any(reason in text for text in reasons(photos).values())


def test_a_photo_that_is_missing_is_listed(ham: Path, tmp_path: Path) -> None:
    (ham / "HAM10000_images_part_2" / "ISIC_0000001.jpg").unlink()
    assert "no such file" in reasons(gather(ham, tmp_path / "out"))["ISIC_0000001"]


def test_many_bad_files_stop_the_build(ham: Path, tmp_path: Path) -> None:
    for file in (ham / "HAM10000_images_part_1").iterdir():
        file.write_bytes(b"")
    with pytest.raises(BuildError, match="21 photos cannot be used, 21 can"):
        gather(ham, tmp_path / "out")


def test_a_folder_that_is_not_there_or_has_no_metadata_is_a_problem_to_mend(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="there is no folder"):
        gather(tmp_path / "none", tmp_path / "out")
    with pytest.raises(BuildError, match=r"HAM10000_metadata\.csv is missing"):
        gather(tmp_path, tmp_path / "out")


def test_metadata_without_a_needed_column_is_a_problem_to_mend(ham: Path, tmp_path: Path) -> None:
    (ham / "HAM10000_metadata.csv").write_text("image_id,dx\nISIC_0000000,nv\n", encoding="utf-8")
    with pytest.raises(BuildError, match="no column 'lesion_id'"):
        gather(ham, tmp_path / "out")


def test_a_changed_photo_changes_what_the_build_depends_on(ham: Path) -> None:
    config = read_config(REPOSITORY / "config.toml", source=str(ham))
    before = source_fingerprint(config.data)
    assert before == source_fingerprint(config.data)
    (ham / "HAM10000_images_part_1" / "ISIC_0000002.jpg").write_bytes(photo(77))
    assert before != source_fingerprint(config.data)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs real HAM10000 photos, which this project does not ship")
def test_real_ham10000_metadata_is_understood() -> None:
    from builder.data.sources.recognise import list_source

    listing = list_source(str(REAL))
    assert listing.left_out == []
    assert len(listing.entries) == len(list(REAL.rglob("*.jpg"))) > 1000
    assert {entry.code for entry in listing.entries} == set(CODES)
