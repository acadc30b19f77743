"""What leaves `work/` of names, ids and free text: public ids, numbers, known words, and counts of known reasons."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from builder.data.anonymous import OTHER_REASON, count_reasons, known_words, public_ids
from builder.data.store import load_photos
from builder.site.render import _join_tables
from tests.photo_sets import arrays, class_folder_files, gather, ham_rows, lay, medmnist, photo, table, zipped

NUMBER = re.compile(r"[1-9][0-9]{14}")
PIXELS = np.arange(8, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)

PUBLIC = ["ISIC_0024306", "dermamnist_train_00012", "row 7"]
PRIVATE = [
    "ISIC_0024306_PATIENT", "PATIENT_ISIC_0024306", "ISIC_0024306 ", "ISIC_0024306\n", "isic_0024306", "ISIC_002430",
    "ISIC_00243067", "ISIC_٠٠٢٤٣٠٦", "ISIC_0024306.jpg", "mel/ISIC_0024306.jpg", "row 7 of Ana", "HAM_0000118\0", "",
]  # fmt: skip


@pytest.mark.parametrize("image_id", PUBLIC)
def test_public_ids_stay(image_id: str) -> None:
    assert public_ids([image_id], ["HAM_0000118"], PIXELS[:1]) == ([image_id], ["HAM_0000118"])
    assert public_ids([image_id], ["IL_7252831"], PIXELS[:1])[1] == ["IL_7252831"]


@pytest.mark.parametrize("name", PRIVATE, ids=ascii)
def test_any_other_id_becomes_a_number(name: str) -> None:
    [image], [lesion] = public_ids([name], [name], PIXELS[:1])
    assert NUMBER.fullmatch(image) and lesion == image


def test_photos_of_one_lesion_stay_together_and_the_same_photo_twice_has_two_numbers() -> None:
    twice = PIXELS[[0, 0, 1, 2]]
    images, lesions = public_ids(["a", "b", "c", "ISIC_0000001"], ["Ana", "Ana", "Eve", "Eve"], twice)
    assert len(set(images)) == 4 and images[3] == "ISIC_0000001"
    assert lesions == [min(images[:2])] * 2 + [min(images[2:])] * 2


def ids_by_name(source: Path, into: Path) -> dict[str, tuple[str, str]]:
    names, numbers = gather(source, into).image_ids, load_photos(into)
    return dict(zip(names, zip(numbers.image_ids, numbers.lesion_ids, strict=True), strict=True))


def test_a_photo_keeps_its_number_when_others_come_or_it_is_renamed_and_no_other_has_it(tmp_path: Path) -> None:
    files = class_folder_files(14)
    first = ids_by_name(lay(tmp_path / "first", files), tmp_path / "1")
    renamed = {**{name: content for name, content in files.items() if "/photo 03" not in name}, "bcc/a.jpg": photo(99)}
    later = ids_by_name(lay(tmp_path / "later", {**renamed, "df/b.jpg": files["df/photo 03.jpg"]}), tmp_path / "2")
    assert later["df/b.jpg"] == first["df/photo 03.jpg"]
    assert all(later[name] == first[name] for name in set(first) & set(later))
    assert later["bcc/a.jpg"][0] not in {image for image, _ in first.values()}


def test_a_public_set_keeps_its_ids_and_a_private_table_none(tmp_path: Path) -> None:
    files = {f"{row[1]}.jpg": photo(number) for number, row in enumerate(ham_rows()[1:])}
    public = ids_by_name(lay(tmp_path / "a", {**files, "HAM10000_metadata.csv": table(ham_rows())}), tmp_path / "1")
    assert [(image, lesion) for lesion, image, *_ in ham_rows()[1:]] == list(public.values())
    rows = [ham_rows()[0], *([f"Ana {row[0]}", f"Ana {row[1]}", *row[2:]] for row in ham_rows()[1:])]
    archive = tmp_path / "b.zip"
    archive.write_bytes(zipped({"t.csv": table(rows), **{f"Ana {name}": content for name, content in files.items()}}))
    private = ids_by_name(archive, tmp_path / "2").values()
    assert all(NUMBER.fullmatch(each) for both in private for each in both)
    assert len({lesion for _, lesion in private}) == len({row[0] for row in rows[1:]})


def test_rows_of_arrays_keep_their_running_numbers(tmp_path: Path) -> None:
    gather(arrays(tmp_path / "arrays") / "X.npy", tmp_path / "1")
    gather(medmnist(tmp_path / "dermamnist.npz"), tmp_path / "2")
    assert load_photos(tmp_path / "1").image_ids[41] == "row 41"
    assert load_photos(tmp_path / "2").image_ids[0] == "dermamnist_train_00000"


def test_what_a_build_reads_holds_no_name(tmp_path: Path) -> None:
    rows = [[*row[:5], "Ana", "Ana's arm", "Ana"] for row in ham_rows()[1:]]
    files = {f"{row[1]}.jpg": photo(number) for number, row in enumerate(rows)} | {"Ana.jpg": b"Ana"}
    gather(lay(tmp_path / "Ana", {**files, "Ana.csv": table([ham_rows()[0], *rows])}), tmp_path / "out")
    of_stages = [tmp_path / "out" / name for name in ("photos.csv", "details.csv", "about.json")]
    assert not [file.name for file in of_stages if "Ana" in file.read_text(encoding="utf-8")]
    assert "Ana.jpg" in (tmp_path / "out" / "names.json").read_text(encoding="utf-8")


def test_free_text_becomes_known_words_and_numbers() -> None:
    assert known_words(["Male", "45.0", "Eve", "", "lower extremity", "Ana", "Eve", "1968-04-01"]) == [
        "Male", "45.0", "value 3", "", "lower extremity", "value 2", "value 3", "value 1",
    ]  # fmt: skip


def test_reasons_are_counted_without_what_a_file_says() -> None:
    left_out = [("Ana.jpg", "unknown label 'Ana'"), ("Eve.jpg", "unknown label 'Eve'"), ("x", "Ana did not like it")]
    assert count_reasons(left_out) == [
        {"reason": "unknown label", "files": 2},
        {"reason": OTHER_REASON, "files": 1},
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"no photo", "not a photo this program can read"),
        (photo(1)[:600], "the file is damaged or incomplete"),
        (photo(1, (40, 30)), "too small"),
    ],
)
@pytest.mark.parametrize("in_zip", [False, True])
def test_the_report_tells_why_a_photo_was_left_out(tmp_path: Path, bad: bytes, reason: str, in_zip: bool) -> None:
    files = {**class_folder_files(), "mel/Ana.jpg": bad}
    source = lay(tmp_path / "set", {"all.zip": zipped(files)} if in_zip else files)
    gather(source, tmp_path / "out")
    about = json.loads((tmp_path / "out" / "about.json").read_text(encoding="utf-8"))
    assert about["left_out"] == [{"reason": reason, "files": 1}]


ODD_CELLS = ["a\u2028b", "a\u0085b", "a\nb", "a\rb", 'a"b', "a,b", "a\x0bb", "a\x1cb", "=1+1|cmd"]


@pytest.mark.parametrize("cell", ODD_CELLS, ids=ascii)
def test_joined_tables_keep_each_row_whole(tmp_path: Path, cell: str) -> None:
    head = ["network", "image_id"]
    for number in (1, 2):
        with open(tmp_path / f"{number}.csv", "w", newline="", encoding="utf-8") as lines:
            csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([head, [str(number), cell]])
    _join_tables([tmp_path / "1.csv", tmp_path / "2.csv"], tmp_path / "both.csv")
    with open(tmp_path / "both.csv", newline="", encoding="utf-8") as lines:
        assert list(csv.reader(lines)) == [head, ["1", cell], ["2", cell]]
