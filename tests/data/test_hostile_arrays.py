"""Arrays whose headers lie, nest, or promise more than there is: refused in words, or read as what they are."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import BuildError
from tests.photo_sets import arrays, gather, medmnist, reasons

BRACKETS = 9_000


def with_header(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text + data


def of_shape(shape: str, descr: str = "'|u1'", order: bool = False) -> bytes:
    return with_header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}", bytes(1000))


HEADERS = {
    "brackets": with_header("[" * BRACKETS),
    "braces": with_header("{" * BRACKETS),
    "brackets, version 2": with_header("[" * BRACKETS, version=b"\x02\x00"),
    "brackets, version 3": with_header("[" * BRACKETS, version=b"\x03\x00"),
    "closed brackets": with_header("(" * 4_000 + ")" * 4_000),
    "signs": with_header("-" * BRACKETS + "1"),
    "sum": with_header("1+" * 4_000 + "1"),
    "nested type": of_shape("(42, 75, 100, 3)", "[" * 150 + "]" * 150),
    "very long": with_header(" " * 60_000),
    "open string": with_header("{'descr': '|u1"),
    "code": with_header("__import__('os').system('x')"),
    "no header": b"\x93NUMPY\x01\x00",
    "version 99": b"\x93NUMPY\x63\x00" + bytes(100),
    "minus one": of_shape("(-1, 75, 100, 3)"),
    "negative": of_shape("(-42, -75, 100, 3)"),
    "huge": of_shape(f"({10**18}, 75, 100, 3)"),
    "past all numbers": of_shape(f"({10**40}, 75, 100, 3)"),
    "nothing times huge": of_shape(f"(0, {10**40})"),
    "whole and fraction": of_shape("(42.0, 75, 100, 3)"),
    "truth": of_shape("(True, 75, 100, 3)"),
    "hundred axes": of_shape("(" + "1," * 100 + ")"),
    "list": of_shape("[42, 75, 100, 3]"),
    "text": of_shape("'x'"),
    "no shape": with_header("{'descr': '|u1', 'fortran_order': False}"),
    "objects": of_shape("(42, 75, 100, 3)", "'|O'"),
    "objects within": of_shape("(42, 75, 100, 3)", "[('a', '|O')]"),
    "records": of_shape("(1,)", "[('a', '<f4'), ('b', '<U9')]"),
    "nothing wide": of_shape("(42, 75, 100, 3)", "'|V0'"),
    "text of nothing": of_shape("(42, 75, 100, 3)", "'<U0'"),
    "times": of_shape("(2,)", "'<M8[s]'"),
    "unknown type": of_shape("(42,)", "'zz'"),
    "fewer bytes": of_shape("(42, 75, 100, 3)"),
    "empty file": b"",
    "zip file": b"PK\x05\x06" + bytes(18),
}
headers = pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)


@headers
@pytest.mark.parametrize("name", ["X.npy", "y.npy", "X_g.npy"])
def test_an_array_with_such_a_header_is_a_problem_to_mend(tmp_path: Path, name: str, content: bytes) -> None:
    folder = arrays(tmp_path / "set")
    if name == "X_g.npy":
        (folder / "X.npy").unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(BuildError) as caught:
        gather(folder, tmp_path / "out")
    assert len(caught.value.problem) < 1000


def changed_npz(file: Path, **arrays: bytes | None) -> Path:
    """DermaMNIST with some of its arrays as these bytes, or without them."""
    with zipfile.ZipFile(medmnist(file)) as archive:
        parts: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    parts.update({f"{name}.npy": content for name, content in arrays.items()})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)
    return file


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@headers
@pytest.mark.parametrize("name", ["train_images", "test_labels"])
def test_an_npz_with_such_a_header_is_a_problem_to_mend(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(BuildError) as caught:
        gather(changed_npz(tmp_path / "dermamnist.npz", **{name: content}), tmp_path / "out")
    assert len(caught.value.problem) < 1000


@pytest.mark.parametrize(
    "change",
    [
        {"train_images": None},
        {"val_labels": None},
        {"train_labels": saved(np.zeros(27, np.uint8))},
        {"train_labels": saved(np.zeros((28, 0), np.uint8))},
        {"train_labels": saved(np.uint8(0))},
        {"train_labels": saved(np.zeros((28, 1000), np.uint8))},
        {"train_labels": saved(np.array(["nv"] * 28))},
        {"train_labels": saved(np.full(28, 7))},
        {"train_labels": saved(np.full(28, np.nan))},
        {"train_labels": saved(np.zeros(10_000_000, np.uint8))},
        {"train_images": saved(np.zeros((28, 28, 28, 3), np.float32))},
        {"train_images": saved(np.asfortranarray(np.zeros((28, 28, 28, 3), np.uint8)))},
        {"train_images": saved(np.zeros((0, 28, 28, 3), np.uint8))},
        {"train_images": saved(np.zeros((28, 30, 30, 3), np.uint8))},
    ],
    ids=range(14),
)
def test_an_npz_of_other_arrays_is_a_problem_to_mend(tmp_path: Path, change: dict[str, bytes | None]) -> None:
    with pytest.raises(BuildError):
        gather(changed_npz(tmp_path / "dermamnist.npz", **change), tmp_path / "out")


@pytest.mark.parametrize(
    "labels",
    [
        np.float64(3),
        np.zeros((42, 0)),
        np.zeros((42, 7, 7)),
        np.full(42, 7),
        np.full(42, -1),
        np.full(42, 2**63, np.uint64),
        np.full(42, np.inf),
        np.full((42, 7), 1),
        np.zeros(42, "M8[s]"),
        np.zeros(42, complex),
        np.array([b"nv"] * 42),
        np.arange(41) % 7,
        np.arange(100) % 7,
    ],
    ids=range(13),
)
def test_labels_that_name_no_kind_are_a_problem_to_mend(tmp_path: Path, labels: np.ndarray) -> None:
    folder = arrays(tmp_path / "set")
    np.save(folder / "y.npy", labels)
    with pytest.raises(BuildError):
        gather(folder, tmp_path / "out")


@pytest.mark.parametrize("kind", [">u2", "<u2", ">f4", "<f8", ">i8", "<f2", "F"])
def test_levels_in_any_order_of_bytes_and_axes_are_the_same_photos(tmp_path: Path, kind: str) -> None:
    folder = arrays(tmp_path / "set")
    photos = np.load(folder / "X.npy")
    np.save(folder / "X.npy", np.asfortranarray(photos) if kind == "F" else photos.astype(kind))
    assert (gather(folder, tmp_path / "out").pixels == photos).all()


@pytest.mark.parametrize("kind", [">i2", "<f8", "one-hot", "bool one-hot", "column"])
def test_labels_of_any_usual_form_are_the_same_kinds(tmp_path: Path, kind: str) -> None:
    folder = arrays(tmp_path / "set")
    labels = np.load(folder / "y.npy")
    forms = {"one-hot": np.eye(7)[labels], "bool one-hot": np.eye(7, dtype=bool)[labels], "column": labels[:, None]}
    np.save(folder / "y.npy", forms[kind] if kind in forms else labels.astype(kind))
    assert gather(folder, tmp_path / "out").labels.tolist() == labels.tolist()


def test_a_photo_that_its_npz_does_not_hold_to_the_end_is_left_out(tmp_path: Path) -> None:
    file = medmnist(tmp_path / "dermamnist.npz")
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        start = archive.getinfo("test_images.npy").header_offset
    content[start + 2000 : start + 2100] = bytes(100)
    file.write_bytes(content)
    try:
        photos = gather(file, tmp_path / "out")
    except BuildError:
        return
    assert all(reasons(photos).values())
