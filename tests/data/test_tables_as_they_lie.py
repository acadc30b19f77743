"""Tables as spreadsheets leave them, ids and labels as people write them, and the layouts of public sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.config.data import DataConfig
from builder.data.anonymous import PUBLIC_ID
from builder.data.gather import gather_photos
from builder.data.sources.labels import code_of_name
from builder.data.sources.listing import Listing
from builder.data.sources.recognise import list_source
from builder.data.store import load_photos
from builder.errors import BuildError
from tests.photo_sets import ham_rows, lay, photo, table, zipped

ROWS = ham_rows(14)
PHOTOS = {f"photos/{row[1]}.jpg": photo(n) for n, row in enumerate(ROWS[1:])}
TEXT = table(ROWS).decode()
WITH_UMLAUT = TEXT.replace(",back,", ",Gesäß,").encode("cp1252")
CAPITALS = TEXT.replace("lesion_id,image_id,dx", "Lesion ID, Image-Id ,DX", 1)
EXCEL = {
    "UTF-16 with a mark": TEXT.replace(",", "\t").encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-16, big end first, without a mark": TEXT.encode("utf-16-be"),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "cp1252": WITH_UMLAUT,
    "semicolons": TEXT.replace(",", ";").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "sep=;": b"sep=;\r\n" + TEXT.replace(",", ";").encode(),
    "SEP in quotes": b'"sep=;"\n' + TEXT.replace(",", ";").encode(),
    "sep= a tab, UTF-16": ("sep=\t\n" + TEXT.replace(",", "\t")).encode("utf-16"),
    "empty rows": b"\n,,,\n\n" + TEXT.replace("\n", "\n,,,,\n\n", 3).encode() + b",,,,,,,\n\n",
    "empty columns": "".join(f",{line},,\n" for line in TEXT.splitlines()).encode(),
    "a title above": b"Lesions of 2020\n\n" + TEXT.encode(),
    "capitals and blanks": CAPITALS.encode(),
    "quoted": "".join('"' + line.replace(",", '","') + '"\r\n' for line in CAPITALS.splitlines()).encode(),
    "old Mac lines": TEXT.replace("\n", "\r").encode(),
}


def listed(folder: Path, content: bytes, name: str = "HAM10000_metadata.csv") -> Listing:
    return list_source(str(lay(folder, {**PHOTOS, name: content})))


@pytest.mark.parametrize("content", EXCEL.values(), ids=EXCEL)
def test_a_table_is_read_as_a_spreadsheet_leaves_it(content: bytes, tmp_path: Path) -> None:
    for name in ("HAM10000_metadata.csv", "mine.csv"):
        listing = listed(tmp_path / name, content, name)
        assert listing.left_out == []
        assert [(entry.lesion_id, entry.image_id, entry.code) for entry in listing.entries] == [
            tuple(row[:3]) for row in ROWS[1:]
        ]


@pytest.mark.parametrize(
    "written", ["{}.jpg", "{}.JPG", "{}.png", "photos/{}.jpg", "photos\\{}.jpg", "C:\\photos\\{}.tif", " {} "]
)
def test_an_id_may_have_an_ending_and_folders_before_it(written: str, tmp_path: Path) -> None:
    rows = [ROWS[0], *([row[0], written.format(row[1]), *row[2:]] for row in ROWS[1:])]
    listing = listed(tmp_path, table(rows))
    assert len(listing.entries) == 14 and listing.left_out == []


def test_an_id_may_be_written_in_another_case(tmp_path: Path) -> None:
    listing = listed(tmp_path, table([ROWS[0], *([row[0], row[1].lower(), *row[2:]] for row in ROWS[1:])]))
    assert len(listing.entries) == 14 and listing.left_out == []


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("melanoma", "mel"), ("Melanocytic nevi", "nv"), ("nevus", "nv"), ("BCC", "bcc"), ("bcc ", "bcc"),
        ("NEV", "nv"), ("ACK", "akiec"), ("SEK", "bkl"), ("Actinic keratosis", "akiec"), ("AK", "akiec"),
        ("Seborrheic Keratosis", "bkl"), ("dermatofibroma", "df"), ("Vascular lesions", "vasc"),
        ("basal-cell carcinoma", "bcc"), ("Melanoma, NOS", "mel"), ("Solar lentigo", "bkl"), ("angioma", "vasc"),
        ("Bowen's disease", "akiec"), ("SCC", None), ("wart", None),
    ],
)  # fmt: skip
def test_a_label_may_be_a_word(word: str, code: str | None, tmp_path: Path) -> None:
    assert code_of_name(word) == code
    rows = [ROWS[0], *([f"L{n}", row[1], word, *row[3:]] for n, row in enumerate(ROWS[1:]))]
    listing = listed(tmp_path, table(rows))
    assert {entry.code for entry in listing.entries} == ({code} if code else set())
    assert len(listing.left_out) == (0 if code else 14)


@pytest.mark.parametrize("missing", ["lesion_id", "image_id", "dx"])
def test_a_table_that_is_not_understood_names_the_missing_column(missing: str, tmp_path: Path) -> None:
    rows = [["other" if cell == missing else cell for cell in ROWS[0]], *ROWS[1:]]
    for name in ("HAM10000_metadata.csv", "mine.csv"):
        with pytest.raises(BuildError, match=f"no column.*{missing}"):
            listed(tmp_path / name, table(rows), name)


ISIC_2019 = ["image", "MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]


def isic2019(folder: Path, with_scc: bool = True) -> Path:
    count = 18
    truth, about = [ISIC_2019], [["image", "age_approx", "anatom_site_general", "lesion_id", "sex"]]
    files = {}
    for n in range(count):
        kind = n % (8 if with_scc else 7)
        image = f"ISIC_{n:07d}" + ("_downsampled" if n % 2 else "")
        truth.append([image, *("1.0" if at == kind else "0.0" for at in range(9))])
        about.append([image, "55", "back", "" if n == 3 else f"BCN_{n:07d}", "male"])
        files[f"ISIC_2019_Training_Input/ISIC_2019_Training_Input/{image}.jpg"] = photo(n)
    tables = {"ISIC_2019_Training_GroundTruth.csv": table(truth), "ISIC_2019_Training_Metadata.csv": table(about)}
    return lay(folder, {**files, **tables})


def test_the_eighth_class_of_isic_2019_is_named_and_refused_and_left_out_when_asked(tmp_path: Path) -> None:
    source = str(isic2019(tmp_path / "set"))
    with pytest.raises(BuildError, match=r"ISIC 2019.*scc \(2 photos\)") as refused:
        gather_photos(DataConfig(source, ""), tmp_path / "refused")
    assert "--leave-out scc" in refused.value.remedy
    (tmp_path / "out").mkdir()
    gather_photos(DataConfig(source, "", ("SCC",)), tmp_path / "out")
    photos = load_photos(tmp_path / "out")
    assert len(photos.labels) == 16 and photos.about["left_out"] == []
    assert "Left out as asked for: scc (2 photos)." in photos.about["notes"]
    assert all(PUBLIC_ID.fullmatch(each) for each in photos.image_ids)


def test_isic_2019_says_ak_where_others_say_akiec_and_keeps_its_lesions(tmp_path: Path) -> None:
    listing = list_source(str(isic2019(tmp_path, with_scc=False)))
    assert listing.source == "isic2019" and len(listing.entries) == 18 and listing.left_out == []
    assert [entry.code for entry in listing.entries[:4]] == ["mel", "nv", "bcc", "akiec"]
    assert [entry.lesion_id for entry in listing.entries[2:5]] == ["BCN_0000002", "", "BCN_0000004"]


@pytest.mark.parametrize("is_zipped", [False, True])
def test_pad_ufes_20_is_read_as_it_is_handed_out(is_zipped: bool, tmp_path: Path) -> None:
    words, codes = ("ACK", "BCC", "MEL", "NEV", "SEK"), ("akiec", "bcc", "mel", "nv", "bkl")
    names = [f"PAT_{n}_{n + 50}_{n + 100}.png" for n in range(15)]
    rows = [["patient_id", "lesion_id", "smoke", "age", "diagnostic", "img_id", "biopsed"]]
    rows += [[f"PAT_{n}", str(n + 50), "False", "55", words[n % 5], names[n], "True"] for n in range(15)]
    files: dict[str, bytes] = {"metadata.csv": table(rows)}
    for part in (1, 2, 3):
        of_part = {f"imgs_part_{part}/{names[n]}": photo(n, kind="PNG") for n in range(15) if n % 3 + 1 == part}
        files |= {f"images/imgs_part_{part}.zip": zipped(of_part)} if is_zipped else of_part
    listing = list_source(str(lay(tmp_path, files)))
    assert (listing.source, listing.licence, listing.left_out) == ("pad-ufes-20", "CC BY 4.0", [])
    by_id = {entry.image_id: entry for entry in listing.entries}
    assert {n: (by_id[name[:-4]].code, by_id[name[:-4]].lesion_id) for n, name in enumerate(names)} == {
        n: (codes[n % 5], str(n + 50)) for n in range(15)
    }


@pytest.mark.parametrize("is_official", [True, False])
def test_ids_of_pad_ufes_20_stay_public_and_such_ids_of_others_do_not(is_official: bool, tmp_path: Path) -> None:
    names = [f"PAT_{n}_{n + 50}_{n + 100}" for n in range(14)]
    header = ["patient_id", "lesion_id", "img_id", "diagnostic"] if is_official else ["", "lesion_id", "img_id", "dx"]
    rows = [header, *([f"PAT_{n}", str(n), f"{names[n]}.png", ("NEV", "BCC")[n % 2]] for n in range(14))]
    files = {f"{name}.png": photo(n, kind="PNG") for n, name in enumerate(names)}
    (tmp_path / "out").mkdir()
    gather_photos(DataConfig(str(lay(tmp_path / "set", {**files, "metadata.csv": table(rows)})), ""), tmp_path / "out")
    assert (sorted(load_photos(tmp_path / "out").image_ids) == sorted(names)) == is_official


@pytest.mark.parametrize("column", ["bcn_filename", "isic_id"])
def test_bcn20000_is_read_by_either_of_its_names(column: str, tmp_path: Path) -> None:
    ids = [f"BCN_{n:010d}" if column == "bcn_filename" else f"ISIC_{n:07d}" for n in range(14)]
    rows = [[column, "age_approx", "diagnosis", "lesion_id", "split"]]
    words = ("Nevus", "Melanoma", "Basal cell carcinoma", "Seborrheic keratosis", "Actinic keratosis", "Dermatofibroma")
    ending = ".jpg" if column == "bcn_filename" else ""
    rows += [[f"{ids[n]}{ending}", "50", words[n % 6], f"BCN_{n:07d}", "train"] for n in range(14)]
    files = {f"images/{each}.jpg": photo(n) for n, each in enumerate(ids)}
    listing = list_source(str(lay(tmp_path, {**files, "bcn20000_metadata_2023.csv": table(rows)})))
    assert (listing.source, len(listing.entries), listing.left_out) == ("bcn20000", 14, [])
    assert all(PUBLIC_ID.fullmatch(entry.image_id) for entry in listing.entries)
