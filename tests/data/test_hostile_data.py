"""Data sets made to hurt: what is no file, what unpacks to gigabytes, tables and reports that break their readers."""

from __future__ import annotations

import json
import os
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from builder.config.read import read_config
from builder.data.gather import UnfitForBuild, gather_photos
from builder.data.sources.download import _session
from builder.data.store import load_photos
from builder.errors import BuildError
from builder.photo.decode import PhotoProblem
from builder.photo.plain_jpeg import MOST_SCANS
from builder.photo.preprocess import photo_to_pixels
from builder.studies.compare import read_builds
from builder.train.recipe import compile_network
from builder.train.stage import Diverged, fit
from tests.conftest import REPOSITORY, run_build_py
from tests.photo_sets import class_folder_files, gather, ham_rows, lay, medmnist, photo, picture, reasons, table, zipped
from tests.small_network import small_network
from tests.train.test_train import HELD_OUT, PHOTOS, RECIPE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="has no FIFOs")
GIGABYTE = 1_000_000_000


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "FIFO": os.mkfifo,
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "link to a device that never ends": link_to("/dev/zero"),
    "link to a device that is empty": link_to("/dev/null"),
    "link that leads nowhere": link_to("nowhere"),
    "folder": Path.mkdir,
}


def circle(path: Path) -> None:
    path.symlink_to(path.name)


NO_FILES["link to itself"] = circle
no_file = pytest.mark.parametrize("made", NO_FILES.values(), ids=NO_FILES)


@no_file
def test_as_a_photo_it_is_left_out_with_a_reason(tmp_path: Path, made: Callable[[Path], None]) -> None:
    folder = lay(tmp_path / "set", class_folder_files())
    made(folder / "nv" / "bad.jpg")
    photos = gather(folder, tmp_path / "out")
    assert len(photos.labels) == 42 and list(reasons(photos)) == ["nv/bad.jpg"]


@no_file
@pytest.mark.parametrize("name", ["HAM10000_metadata.csv", "X.npy", "dermamnist.npz", "set.zip"])
def test_as_what_tells_of_the_photos_it_is_a_problem_to_mend(
    tmp_path: Path, made: Callable[[Path], None], name: str
) -> None:
    folder = lay(tmp_path / "set", {"photos/a.jpg": photo(1)})
    made(folder / name)
    with pytest.raises(BuildError):
        gather(folder, tmp_path / "out")


@no_file
@pytest.mark.parametrize("name", ["source", "source.zip", "source.npz", "X.npy", "source.csv"])
def test_as_the_source_it_is_a_problem_to_mend(tmp_path: Path, made: Callable[[Path], None], name: str) -> None:
    made(tmp_path / name)
    with pytest.raises(BuildError):
        gather(tmp_path / name, tmp_path / "out")


@no_file
def test_as_labels_it_is_a_problem_to_mend(tmp_path: Path, made: Callable[[Path], None]) -> None:
    np.save(tmp_path / "X.npy", np.zeros((42, 75, 100, 3), np.uint8))
    made(tmp_path / "y.npy")
    with pytest.raises(BuildError):
        gather(tmp_path, tmp_path / "out")


@no_file
def test_as_a_photo_to_classify_as_a_config_and_as_a_report_it_is_a_problem_to_mend(
    tmp_path: Path, made: Callable[[Path], None]
) -> None:
    made(tmp_path / "bad.jpg")
    with pytest.raises(PhotoProblem):
        photo_to_pixels(tmp_path / "bad.jpg")
    with pytest.raises(BuildError):
        read_config(tmp_path / "bad.jpg")
    with pytest.raises(BuildError):
        read_builds([tmp_path / "bad.jpg"])


def test_on_the_command_line_it_is_two_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for option in ("data", "--config", "compare"):
        done = run_build_py(option, tmp_path / "pipe", cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (1, 2), done.stderr


# What unpacks to more than it should. Memory is bounded by what a process of its own may have.


def zip_with_zeros(file: Path, entry: str, size: int, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in class_folder_files().items():
            archive.writestr(name, content)
        with archive.open(entry, "w", force_zip64=True) as stream:
            for _ in range(size // 10_000_000):
                stream.write(bytes(10_000_000))


def claim_less(file: Path, entry: str, size: int) -> None:
    """Make a zip file's list say that an entry holds so little."""
    content = bytearray(file.read_bytes())
    at = content.rindex(entry.encode()) - 46  # of the list at the end
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", size)
    file.write_bytes(content)


def bomb_table(folder: Path) -> None:
    zip_with_zeros(folder / "set.zip", "HAM10000_metadata.csv", GIGABYTE // 2)


def bomb_table_that_lies(folder: Path) -> None:
    zip_with_zeros(folder / "set.zip", "HAM10000_metadata.csv", GIGABYTE)
    claim_less(folder / "set.zip", "HAM10000_metadata.csv", 1000)


def bomb_photo_that_lies(folder: Path) -> None:
    zip_with_zeros(folder / "set.zip", "nv/bomb.jpg", GIGABYTE)
    claim_less(folder / "set.zip", "nv/bomb.jpg", 1000)


def bomb_bzip2(folder: Path) -> None:
    zip_with_zeros(folder / "set.zip", "nv/bomb.jpg", GIGABYTE // 2, zipfile.ZIP_BZIP2)
    claim_less(folder / "set.zip", "nv/bomb.jpg", 1000)


def bomb_npz(folder: Path) -> None:
    file = medmnist(folder / "dermamnist.npz")
    with zipfile.ZipFile(file) as archive:
        others = {name: archive.read(name) for name in archive.namelist() if name != "train_images.npy"}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in others.items():
            archive.writestr(name, content)
        with archive.open("train_images.npy", "w", force_zip64=True) as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": (300_000, 28, 28, 3)}
            np.lib.format.write_array_header_1_0(stream, header)
            for _ in range(706):
                stream.write(bytes(1_000_000))


def bomb_columns(folder: Path) -> None:
    header = ",".join(["lesion_id", "image_id", "dx", *(f"c{n}" for n in range(100_000))])
    lay(folder, {"HAM10000_metadata.csv": (header + "\n" + "a,b,nv\n" * 300_000).encode(), "a.jpg": photo(1)})


def bomb_cell(folder: Path) -> None:
    cell = b'lesion_id,image_id,dx\n"' + b"x" * 100_000_000
    lay(folder, {"HAM10000_metadata.csv": cell, "a.jpg": photo(1)})


BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000,) * 2)
from pathlib import Path
from builder.errors import BuildError
from tests.photo_sets import gather
try:
    print(len(gather(Path(sys.argv[1]), Path(sys.argv[2])).labels), "photos")
except BuildError as problem:
    print("refused:", problem.problem[:300])
status = Path("/proc/self/status")  # where Linux tells of this program alone: ru_maxrss knows the one before, too
if status.exists():
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    print(int(line.split()[1]) * 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # of macOS, in bytes
"""


@pytest.mark.parametrize(
    "bomb",
    [bomb_table, bomb_table_that_lies, bomb_photo_that_lies, bomb_bzip2, bomb_npz, bomb_columns, bomb_cell],
    ids=lambda bomb: bomb.__name__,
)
def test_a_bomb_is_left_out_or_refused_in_bounded_memory(tmp_path: Path, bomb: Callable[[Path], None]) -> None:
    (tmp_path / "set").mkdir()
    bomb(tmp_path / "set")
    command = [sys.executable, "-c", BOUNDED, str(tmp_path / "set"), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, answer, peak = done.stdout.splitlines()
    assert answer == "42 photos" or answer.startswith("refused:")
    assert int(peak) < GIGABYTE


# Photos whose bytes ask for more than a photo needs.


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = photo(1, kind="PNG")
    extra = [struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks]
    return whole[:33] + b"".join(extra) + whole[33:]  # behind its IHDR


ZEROS = zlib.compress(bytes(100_000_000), 9)


@pytest.mark.parametrize(
    "content",
    [
        png((b"iCCP", b"x\0\0" + ZEROS)),
        png((b"zTXt", b"x\0\0" + ZEROS)),
        png((b"iTXt", b"x\0\1\0\0\0" + ZEROS)),
        png(*[(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000)))] * 100),
        b"GIF89a" + struct.pack("<HH", 9, 9) + b"\0\0\0," + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\2\2L\1\0;",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0),
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 9, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
    ],
    ids=["colour profile", "text", "international text", "many texts", "GIF", "BMP", "BMP upside down"],
)
def test_a_photo_that_is_a_bomb_is_a_problem_to_mend(content: bytes) -> None:
    with pytest.raises(PhotoProblem):
        photo_to_pixels(content)


def progressive(scans: int) -> bytes:
    """A photo with its last scan again and again."""
    file = BytesIO()
    Image.fromarray(picture(1)).save(file, "JPEG", progressive=True)
    whole = file.getvalue()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * (scans - whole.count(b"\xff\xda")) + whole[-2:]


def test_a_jpeg_of_very_many_scans_is_a_problem_to_mend_and_one_of_some_is_not() -> None:
    with pytest.raises(PhotoProblem, match="scans"):
        photo_to_pixels(progressive(MOST_SCANS + 1))
    photo_to_pixels(progressive(MOST_SCANS))
    photo_to_pixels(progressive(20) + b"\xff\xda\0\2" * 1000)  # a film, as telephones put it behind a photo


# Tables.

METADATA = table(ham_rows())


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", 0),
        (METADATA.splitlines()[0], 0),
        (b"\0" * 1000, 0),
        (METADATA.replace(b"lesion_id", b"lesion\0id"), 0),
        (METADATA.decode().encode("utf-16"), 42),
        (b'"' * 300_000, 0),
        (b"lesion_id,image_id,dx\n" + b"x" * 1_000_000, 0),
        (b"\xff\xfe" + METADATA, 0),
        (METADATA + b"\n\n\n,,,,\nonly_one\n" + b"x," * 1000 + b"\n", 42),
        (METADATA.replace(b"\n", b"\r"), 42),
        (METADATA + b"HAM_0000000,ISIC_0000000,akiec,,,,,\n", 42),
        (METADATA + b"HAM_0000000,ISIC_0000000,mel,,,,,\n", 41),
        (METADATA + b"HAM_9999999,ISIC_0000000,akiec,,,,,\n", 41),
    ],
    ids=[
        "empty",
        "header alone",
        "NUL",
        "NUL in the header",
        "UTF-16",
        "quotes",
        "long cell",
        "no UTF-8",
        "ragged",
        "CR",
        "twice the same",
        "twice, of two kinds",
        "twice, of two lesions",
    ],
)
def test_a_table_is_read_as_far_as_it_is_one(tmp_path: Path, content: bytes, kept: int) -> None:
    photos = {f"ISIC_{n:07d}.jpg": photo(n) for n in range(42)}
    files = {"HAM10000_metadata.csv": content, **photos}
    folder, zip_file = lay(tmp_path / "set", files), lay(tmp_path, {"set.zip": zipped(files)}) / "set.zip"
    for source in (folder, zip_file):
        into = tmp_path / f"out {source.name}"
        into.mkdir()
        config = read_config(REPOSITORY / "config.toml", source=str(source))
        if kept:
            gather_photos(config.data, into, most_left_out=0.2)
            assert len(load_photos(into).labels) == kept
        else:
            with pytest.raises(BuildError):
                gather_photos(config.data, into)


# Class folders.


def of_kinds(*kinds: str, count: int = 12) -> dict[str, bytes]:
    return {f"{kinds[n % len(kinds)]}/{n}.jpg": photo(n) for n in range(count)}


def test_photos_of_one_kind_alone_are_no_data_to_build_on(tmp_path: Path) -> None:
    with pytest.raises(UnfitForBuild, match=r"one kind \(nv\)") as caught:
        gather(lay(tmp_path / "set", of_kinds("nv")), tmp_path / "out")
    assert caught.value.remedy


def test_kinds_without_a_photo_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = gather(lay(tmp_path / "set", of_kinds("nv", "mel")), tmp_path / "out")
    assert photos.about["notes"][0].startswith("There is no photo of akiec, bcc, bkl, df, vasc:")
    assert "no photo of akiec" in capsys.readouterr().out


# Reports for `compare`, and configs.

ANSWERS = "network,image_id,lesion_id,truth,akiec,bcc,bkl,df,mel,nv,vasc\ncnn,a,b,nv,0,0,0,0,0,1,0\n"
GOOD = {"networks": {"cnn": {"title": "t", "epochs": 1}}, "data": {"title": "t", "is_demo": True}}
DEEP = 100_000


@pytest.mark.parametrize(
    ("report", "answers"),
    [
        ("[" * DEEP, ANSWERS),
        ('{"networks":' * DEEP, ANSWERS),
        ("", ANSWERS),
        ("null", ANSWERS),
        ("[]", ANSWERS),
        ("NaN", ANSWERS),
        ("1" * 5000, ANSWERS),
        ("{}", ANSWERS),
        ('{"networks": [], "data": []}', ANSWERS),
        ('{"networks": {"cnn": []}, "data": {}}', ANSWERS),
        ('{"networks": "cnn", "data": {}}', ANSWERS),
        (json.dumps({**GOOD, "data": {"title": ["x"], "is_demo": True}}), ANSWERS),
        (json.dumps({**GOOD, "networks": {"cnn": {"title": "t", "epochs": 1e400}}}), ANSWERS),
        (json.dumps({**GOOD, "networks": {"other": {"title": "t", "epochs": 1}}}), ANSWERS),
        (json.dumps(GOOD), ""),
        (json.dumps(GOOD), "\0" * 100),
        (json.dumps(GOOD), "x" * 200_000),
        (json.dumps(GOOD), ANSWERS.replace("1,0", "nan,0")),
        (json.dumps(GOOD), ANSWERS.replace("1,0", "1e999,0")),
        (json.dumps(GOOD), ANSWERS.replace("1,0", "7,0")),
        (json.dumps(GOOD), ANSWERS.replace(",1,0", "")),
        (json.dumps(GOOD), ANSWERS.replace("b,nv", "b,wart")),
        (json.dumps(GOOD), ANSWERS.replace("image_id", "x")),
        (json.dumps(GOOD), ANSWERS + "cnn\n"),
    ],
    ids=range(24),
)
def test_a_report_of_another_kind_is_a_problem_to_mend(tmp_path: Path, report: str, answers: str) -> None:
    lay(tmp_path, {"report.json": report.encode(), "predictions.csv": answers.encode()})
    with pytest.raises(BuildError) as caught:
        read_builds([tmp_path])
    assert len(caught.value.problem) < 1000


@pytest.mark.parametrize(
    "content",
    [
        b"\0\xff" * 100,
        b"x = " + b"[" * DEEP,
        b"x = {a=" * DEEP,
        b"[a." + b"b." * 2000 + b"c]\nx=1",
        b"x = 1" + b"0" * 5000,
        b"#" * 2_000_000,
        b"training = 1",
        b"[[training]]",
        b"[training]\nepochs = 0x" + b"f" * 5000,
    ],
    ids=["binary", "deep", "deep tables", "deep name", "long number", "too large", "no table", "tables", "hexadecimal"],
)
def test_a_config_of_another_kind_is_a_problem_to_mend(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(BuildError) as caught:
        read_config(tmp_path / "config.toml")
    assert len(caught.value.problem) < 1000


VALUES = [
    "0",
    "-1",
    "inf",
    "-inf",
    "nan",
    "1e308",
    "-1e308",
    "1e400",
    "9" * 30,
    "9" * 5000,
    "0x" + "f" * 5000,
    '"a\\nb"',
    "a\nb",
    '"\\u0000"',
    "[]",
    "[[1]]",
    "[" * DEEP,
    "{a=1}",
    "true",
    '""',
    "",
    "x" * 5000,
    "1979-05-27",
    '["a", "a"]',
    "\udcff",
]


def names_of_settings() -> list[str]:
    tables = read_config(REPOSITORY / "config.toml").as_dict()
    return [f"{name}.{key}" for name in tables if name != "networks" for key in tables[name]]


@pytest.mark.parametrize("name", [*names_of_settings(), "search.space.epochs", "cnn.epochs", "x.y", "a\nb.c", "."])
def test_any_setting_is_taken_or_refused_in_two_lines(name: str) -> None:
    for value in VALUES:
        try:
            read_config(REPOSITORY / "config.toml", settings=[f"{name}={value}"]).as_dict()
        except BuildError as problem:
            assert len(problem.problem) < 1000 and problem.remedy


# A training that has diverged.


def test_a_diverged_training_keeps_the_checkpoint_of_its_last_good_epoch(trains: None, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.npz"
    good = compile_network(small_network(1), RECIPE, len(PHOTOS[0]))
    fit(good, PHOTOS, HELD_OUT, replace(RECIPE, epochs=1), checkpoint)
    before = checkpoint.read_bytes()
    for _ in range(2):  # the second time as the first
        wild = replace(RECIPE, epochs=3, learning_rate=1e30)
        network = compile_network(small_network(1), wild, len(PHOTOS[0]))
        with pytest.raises(Diverged, match="diverged in epoch 2") as caught:
            fit(network, PHOTOS, HELD_OUT, wild, checkpoint)
        assert "learning_rate" in caught.value.remedy and checkpoint.read_bytes() == before


# Downloads.


@pytest.mark.parametrize(
    ("start", "target", "is_followed"),
    [
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "HTTP://a.example/x", False),
        ("https://a.example/x", "//a.example/y", True),
        ("https://a.example/x", "/y", True),
        ("https://a.example/x", "https://b.example/y", True),
        ("https://a.example/x", "ftp://a.example/x", False),
        ("https://a.example/x", "file:///etc/passwd", False),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1/y", True),
    ],
)
def test_no_redirect_leads_away_from_https(start: str, target: str, is_followed: bool) -> None:
    answer = requests.Response()
    answer.status_code, answer.url = 302, start
    answer.headers["Location"] = target
    with _session() as session:
        if is_followed:
            assert session.get_redirect_target(answer) == target
        else:
            with pytest.raises(BuildError, match="without https"):
                session.get_redirect_target(answer)
