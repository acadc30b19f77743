"""Files as they lie on people's disks: told by content, in archives of any make, among what systems leave there."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.data.sources.file_kinds import is_photo, why_unread
from builder.data.sources.photo_files import find_files, read_bytes
from builder.data.sources.recognise import list_source
from builder.errors import BuildError
from tests.photo_sets import class_folder_files, ham_rows, lay, photo, table, zipped


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def found_in(folder: Path) -> tuple[list[str], dict[str, str]]:
    found = find_files(folder)
    return sorted(map(str, found.photos)), dict(found.left_out)


@pytest.mark.parametrize("name", ["a.jfif", "a.JPE", "a.JPG", "a.jif", "a.heic", "a.tif", "a.dat", "a.0001", "a"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_a_photo_is_one_whatever_it_is_called(name: str, kind: str, tmp_path: Path) -> None:
    assert found_in(lay(tmp_path, {name: photo(1, kind=kind)})) == ([name], {})
    assert is_photo(photo(1, kind=kind)[:64])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tif", photo(1, kind="TIFF"), "TIFF is not read: convert"),
        ("a", photo(1, kind="TIFF"), "TIFF is not read: convert"),
        ("a.NEF", photo(1, kind="TIFF"), "raw file is not read"),
        ("a.CR3", b"\0\0\0\x18ftypcrx " + bytes(20), "raw file is not read"),
        ("a.jp2", b"\0\0\0\x0cjP  " + bytes(20), "JPEG 2000 is not read"),
        ("a.dcm", bytes(128) + b"DICM", "DICOM is not read"),
        ("a.psd", b"8BPS", "Photoshop"),
        ("set.rar", b"Rar!\x1a\x07", "archive is not read: unpack it"),
        ("set.7z", b"7z\xbc\xaf\x27\x1c", "archive is not read: unpack it"),
        ("set.tar.xz", b"\xfd7zXZ", "archive is not read: unpack it"),
        ("table.xlsx", b"PK", "save the table as CSV"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_like_a_picture_and_not_read_is_listed_with_the_remedy(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    photos, left_out = found_in(lay(tmp_path / "plain", {name: content}))
    assert photos == [] and reason in left_out[name]
    photos, left_out = found_in(lay(tmp_path / "zip", {"s.zip": zipped({name: content})}))
    assert photos == [] and reason in left_out[f"s.zip: {name}"]


def test_other_files_are_no_pictures_and_not_listed(tmp_path: Path) -> None:
    files = {"README": b"BMW and others", "notes.txt": b"", "a.pdf": b"%PDF", "b.json": b"{}", "c.docx": b"PK\3\4"}
    assert found_in(lay(tmp_path, files)) == ([], {})
    assert why_unread("BM", b"BM of something") is None and not is_photo(b"BM of something")


DROPPINGS = ["@eaDir/a.jpg/SYNOPHOTO_THUMB.jpg", "Thumbs.db", "._a.jpg", ".DS_Store", "__MACOSX/._a.jpg", "desktop.ini",
             "ehthumbs.db", "#recycle/old.jpg", "$RECYCLE.BIN/x.jpg", ".thumbnails/a.jpg", "THUMBS.DB"]  # fmt: skip


@pytest.mark.parametrize("name", DROPPINGS)
def test_what_systems_leave_is_passed_over_in_silence(name: str, tmp_path: Path) -> None:
    files = {"nv/a.jpg": photo(1), name: photo(2)}
    assert found_in(lay(tmp_path / "plain", files)) == (["nv/a.jpg"], {})
    assert found_in(lay(tmp_path / "zip", {"s.zip": zipped(files)})) == (["s/nv/a.jpg"], {})
    assert found_in(lay(tmp_path / "tar", {"s.tgz": tarred(files)})) == (["s/nv/a.jpg"], {})


@pytest.mark.parametrize("name", ["s.tar.gz", "s.tgz", "s.tar", "S.TGZ", "s.zip"])
def test_a_tar_file_is_read_as_the_folder_that_was_packed(name: str, tmp_path: Path) -> None:
    files = {f"./{path}": content for path, content in class_folder_files(14).items()}
    mode = "w" if name == "s.tar" else "w:gz"
    file = lay(tmp_path, {name: tarred(files, mode)}) / name
    for source in (file, tmp_path):
        listing = list_source(str(source))
        assert len(listing.entries) == 14 and listing.left_out == []
        assert sorted(read_bytes(entry.place) for entry in listing.entries if entry.place) == sorted(files.values())


@pytest.mark.parametrize("outer", ["zip", "tgz"])
@pytest.mark.parametrize("inner", ["zip", "tgz"])
def test_archives_in_an_archive_are_read(outer: str, inner: str, tmp_path: Path) -> None:
    pack = {"zip": zipped, "tgz": tarred}
    rows = ham_rows(14)
    halves = [{f"{row[1]}.jpg": photo(n) for n, row in enumerate(rows[1:]) if n % 2 == half} for half in (0, 1)]
    files = {f"part_{half}.{inner}": pack[inner](of) for half, of in enumerate(halves)}
    files["HAM10000_metadata.csv"] = table(rows)
    lay(tmp_path, {f"dataverse_files.{outer}": pack[outer](files)})
    listing = list_source(str(tmp_path))
    assert len(listing.entries) == 14 and listing.left_out == []
    assert [read_bytes(entry.place) for entry in listing.entries if entry.place] == [photo(n) for n in range(14)]


def test_backslashes_between_folders_are_folders(tmp_path: Path) -> None:
    files = {path.replace("/", "\\"): content for path, content in class_folder_files(14).items()}
    listing = list_source(str(lay(tmp_path, {"set.zip": zipped({**files, "nv\\": b""})}) / "set.zip"))
    assert len(listing.entries) == 14 and listing.left_out == []
    assert {entry.place.name for entry in listing.entries if entry.place} == {f"photo {n:02d}.jpg" for n in range(14)}


@pytest.mark.parametrize("name", ["../out.jpg", "/out.jpg", "..\\out.jpg", "C:\\out.jpg", "a/../../out.jpg"])
def test_nothing_climbs_out_of_an_archive(name: str, tmp_path: Path) -> None:
    for kind, content in {"tar": tarred({name: photo(1)}), "zip": zipped({name: photo(1)})}.items():
        photos, left_out = found_in(lay(tmp_path / kind, {"s.tgz" if kind == "tar" else "s.zip": content}))
        assert photos == [] and "climbs out of" in next(iter(left_out.values()))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_no_link_and_no_device_in_a_tar_file_is_followed(kind: bytes, tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("nv/a.jpg")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    photos, left_out = found_in(lay(tmp_path, {"s.tar": content.getvalue()}))
    assert photos == [] and "link or no regular file" in left_out["s.tar: nv/a.jpg"]


def test_a_tar_file_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="times as large when unpacked"):
        list_source(str(lay(tmp_path, {"s.tgz": tarred({"nv/a.jpg": bytes(30_000_000)})})))


def test_an_archive_in_an_archive_that_grows_without_end_is_left_out(tmp_path: Path) -> None:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("nv/a.bmp", bytes(30_000_000))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
    photos, left_out = found_in(lay(tmp_path, {"s.zip": outer.getvalue()}))
    assert photos == [] and "times as large" in left_out["s.zip/inner.zip"]


def test_archives_are_not_looked_into_without_end(tmp_path: Path) -> None:
    content = zipped({"nv/a.jpg": photo(1)})
    for _ in range(5):
        content = zipped({"in.zip": content})
    photos, left_out = found_in(lay(tmp_path, {"s.zip": content}))
    assert photos == [] and "too deep" in next(iter(left_out.values()))


def test_a_cut_archive_in_an_archive_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    good = zipped({"nv/a.jpg": photo(1)})
    photos, left_out = found_in(lay(tmp_path, {"s.zip": zipped({"b.zip": good, "c.zip": good[:-30]})}))
    assert photos == ["s/b/nv/a.jpg"] and "no whole archive" in left_out["s.zip/c.zip"]
