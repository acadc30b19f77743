"""The site's networks on photos from elsewhere: the figures are right, say what they cannot, and name nobody."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from referencing import Registry, Resource
from sklearn import metrics

from builder.classes import CODES, MALIGNANT
from builder.data.photo_list import ListedPhoto, read_photo_list, write_photo_list
from builder.data.store import load_photos
from builder.files.atomic_write import write_json
from builder.files.ownership import replacing
from builder.folders import Folders
from builder.pipeline.record import photos_learned_from
from builder.site.network import SiteNetwork
from builder.site.replace_site import site_files
from builder.split import load_parts
from builder.studies.external_validation.overlap import Known, count_known, find_known
from tests.conftest import Build, run_command
from tests.photo_sets import class_folder_files, ham_rows, lay, photo, table


def evaluate(build: Build, source: Path, out: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("evaluate", source, "--site", build.site, "--work", build.work, "--out", out, *more)


def read(out: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    evaluation: dict[str, Any] = json.loads(
        (out / "evaluation.json").read_text(encoding="utf-8"), parse_constant=refuse
    )
    return evaluation


def rows_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "predictions.csv").read_text(encoding="utf-8"))))


def words(page: Path) -> str:
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8").partition("<main")[2])
    return re.sub(r"\s+", " ", text).replace("\N{NO-BREAK SPACE}", " ")


def figures_in(value: Any) -> Iterator[dict[str, float | None]]:
    if isinstance(value, dict):
        if set(value) == {"value", "low", "high"}:
            yield value
        for inner in value.values():
            yield from figures_in(inner)
    if isinstance(value, list):
        for inner in value:
            yield from figures_in(inner)


def assert_fits_its_schema(out: Path) -> None:
    schemas = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in out.glob("*.schema.json")}
    assert set(schemas) == {"evaluation.schema.json", "report.schema.json"}
    registry: Registry[Any] = Registry().with_resources(
        [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    )
    schema = schemas["evaluation.schema.json"]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, registry=registry)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(read(out))] == []


@pytest.fixture(scope="module")
def whole(tiny_build: Build, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """An evaluation on photos of every class, as HAM10000 has them: where they are, where it is, what it said."""
    folder = tmp_path_factory.mktemp("whole")
    files = {f"photos/ISIC_{n:07d}.jpg": photo(n, (160, 120)) for n in range(42)}
    source = lay(folder / "set", {"HAM10000_metadata.csv": table(ham_rows()), **files})
    done = evaluate(tiny_build, source, folder / "out")
    assert done.returncode == 0, done.stderr
    return source, folder / "out", done.stdout


def test_an_evaluation_is_of_the_shape_that_its_schema_says(whole: tuple[Path, Path, str]) -> None:
    assert_fits_its_schema(whole[1])


def test_other_code_computes_the_same_figures_from_the_table(tiny_build: Build, whole: tuple[Path, Path, str]) -> None:
    evaluation, rows = read(whole[1]), rows_of(whole[1])
    for name in tiny_build.report["networks"]:
        own = [row for row in rows if row["network"] == name]
        truth = np.array([CODES.index(row["truth"]) for row in own])
        probabilities = np.array([[float(row[code]) for code in CODES] for row in own])
        answers, network = probabilities.argmax(axis=1), evaluation["networks"][name]
        assert len(own) == evaluation["data"]["photos"] == 42
        assert network["test"]["accuracy"]["value"] == pytest.approx((answers == truth).mean())
        assert network["test"]["balanced_accuracy"]["value"] == pytest.approx(
            metrics.balanced_accuracy_score(truth, answers)
        )
        areas = [metrics.roc_auc_score(truth == index, probabilities[:, index]) for index in range(7)]
        assert network["test"]["macro_auc"]["value"] == pytest.approx(np.mean(areas))
        assert network["confusion"] == metrics.confusion_matrix(truth, answers, labels=range(7)).tolist()
        malignant, score = np.isin(truth, MALIGNANT), probabilities[:, list(MALIGNANT)].sum(axis=1)
        assert network["malignant"]["auc"]["value"] == pytest.approx(metrics.roc_auc_score(malignant, score))
        point = network["malignant"]["operating_point"]
        called = score >= point["threshold"]
        assert point["sensitivity"]["value"] == pytest.approx(called[malignant].mean())
        assert point["specificity"]["value"] == pytest.approx((~called)[~malignant].mean())
        refused = np.array([float(row["ood_score"]) > 1 for row in own])
        assert network["decisions"]["not_a_lesion"]["value"] == pytest.approx(refused.mean())
        not_sure = np.array([row["decision"] == "not-sure" for row in own])
        assert network["decisions"]["not_sure"]["value"] == pytest.approx(not_sure.mean())


def test_thresholds_and_levels_are_those_of_the_card(tiny_build: Build, whole: tuple[Path, Path, str]) -> None:
    for name, network in read(whole[1])["networks"].items():
        card = json.loads((tiny_build.site / "model" / name / "card.json").read_text(encoding="utf-8"))
        limits = card["judgement"]
        assert network["malignant"]["operating_point"]["threshold"] == limits["operating_point"]["threshold"]
        levels = [(level["level"], level["from"]) for level in network["sureness"]["levels"]]
        assert levels == [(level["level"], level["from"]) for level in limits["sureness"]]


def test_each_photo_gets_the_answer_that_predict_gives(tiny_build: Build, whole: tuple[Path, Path, str]) -> None:
    source, out, _ = whole
    name = list(tiny_build.report["networks"])[-1]
    own = {row["image_id"]: row for row in rows_of(out) if row["network"] == name}
    photos = [source / "photos" / f"{image_id}.jpg" for image_id in own]
    said = run_command("--site", tiny_build.site, "predict", "--network", name, "--json", *photos)
    for row, answer in zip(own.values(), json.loads(said.stdout)["photos"], strict=True):
        assert row["decision"] == answer["judgement"]["verdict"]
        assert float(row["ood_score"]) == pytest.approx(answer["scope"], abs=1e-4)
        probabilities = [float(row[code]) for code in CODES]
        assert probabilities == pytest.approx(list(answer["probabilities"].values()), abs=1e-5)


def test_the_terminal_and_the_page_say_what_the_file_does(tiny_build: Build, whole: tuple[Path, Path, str]) -> None:
    _, out, said = whole
    evaluation = read(out)
    for name, page in zip(evaluation["networks"], ("evaluation.html", "evaluation-cnn.html"), strict=True):
        accuracy = evaluation["networks"][name]["test"]["accuracy"]["value"]
        assert re.search(rf"{name} \(.*\n  accuracy +{accuracy:.3f} ", said)
        assert f"it names {accuracy * 100:.0f} of 100 right" in words(out / page)
        text = (out / page).read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<link" not in text
        assert "src=" not in text


def test_an_evaluation_again_gives_the_same_bytes(
    tiny_build: Build, whole: tuple[Path, Path, str], tmp_path: Path
) -> None:
    source, out, _ = whole
    evaluate(tiny_build, source, tmp_path / "out")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == {
        file.name: file.read_bytes() for file in out.iterdir()
    }


def test_what_cannot_be_computed_is_null_and_said_to_be_not_measured(tiny_build: Build, tmp_path: Path) -> None:
    files = {f"{code}/{n}.jpg": photo(n) for n in range(8) for code in [("mel", "nv")[n % 2]]}
    said = evaluate(tiny_build, lay(tmp_path / "set", files), tmp_path / "out", "--network", "compact")
    network = read(tmp_path / "out")["networks"]["compact"]
    assert_fits_its_schema(tmp_path / "out")
    assert read(tmp_path / "out")["data"]["missing_classes"] == ["akiec", "bcc", "bkl", "df", "vasc"]
    assert network["by_class"]["vasc"]["sensitivity"] == {"value": None, "low": None, "high": None}
    assert network["by_class"]["vasc"]["auc"]["value"] is None
    assert network["test"]["classes_measured"] == 2
    assert network["test"]["macro_auc"]["value"] == pytest.approx(network["by_class"]["mel"]["auc"]["value"], abs=1)
    text = words(tmp_path / "out" / "evaluation.html")
    assert "There is no photo of actinic keratoses, basal cell carcinoma, benign keratoses, dermatofibroma" in text
    assert "means over the kinds are over the two that are there" in text
    assert "no photo of akiec, bcc, bkl, df, vasc" in said.stdout
    assert not re.search(r"\bnan\b", text + said.stdout, re.IGNORECASE)


def test_photos_of_one_class_alone_can_be_evaluated_on(tiny_build: Build, tmp_path: Path) -> None:
    files = {f"nv/{n}.jpg": photo(n) for n in range(3)}
    evaluate(tiny_build, lay(tmp_path / "set", files), tmp_path / "out", "--network", "compact")
    network = read(tmp_path / "out")["networks"]["compact"]
    assert network["malignant"]["auc"]["value"] is None
    assert network["test"]["macro_auc"]["value"] is None
    assert network["malignant"]["operating_point"]["sensitivity"]["value"] is None
    assert network["malignant"]["operating_point"]["specificity"]["value"] is not None
    assert "was not measured" in words(tmp_path / "out" / "evaluation.html")


def test_classes_beyond_the_seven_are_counted_and_named_and_people_are_not(tiny_build: Build, tmp_path: Path) -> None:
    files = {
        **class_folder_files(14), "SCC/Anatol.jpg": photo(50), "SCC/b.jpg": photo(51), "Dr Meyer/c.jpg": photo(52),
        "Evelyn.jpg": photo(53), "mel/Tomas.jpg": b"no photo",
    }  # fmt: skip
    said = evaluate(tiny_build, lay(tmp_path / "set", files), tmp_path / "out", "--network", "compact")
    data = read(tmp_path / "out")["data"]
    assert data["photos"] == 14
    assert data["other_labels"] == [{"label": "value 1", "photos": 1}, {"label": "SCC", "photos": 2}]
    assert {each["reason"]: each["files"] for each in data["left_out"]} == {
        "unknown label": 3, "it lies in no class folder": 1, "not a photo this program can read": 1,
    }  # fmt: skip
    assert "Dr Meyer (1), SCC (2)" in said.stdout
    assert "SCC (2 photos)" in words(tmp_path / "out" / "evaluation.html")
    for file in (tmp_path / "out").iterdir():
        text = file.read_text(encoding="utf-8")
        assert [name for name in ("Anatol", "Meyer", "Evelyn", "Tomas", "photo 0", str(tmp_path)) if name in text] == []


def test_photos_that_the_network_has_learned_from_lead_to_a_warning(tiny_build: Build, tmp_path: Path) -> None:
    data, parts = tiny_build.latest("data"), load_parts(tiny_build.latest("split"))
    table_, lines, files = load_photos(data), [["lesion_id", "image_id", "dx"]], {}
    for row in [*parts["training"][:5], *parts["validation"][:3], *parts["test"][:4]]:
        lines.append([f"lesion {row}", f"ISIC_{row:07d}", CODES[table_.labels[row]]])
        content = io.BytesIO()
        Image.fromarray(table_.pixels[row]).save(content, "PNG")
        files[f"ISIC_{row:07d}.png"] = content.getvalue()
    source = lay(tmp_path / "set", {"HAM10000_metadata.csv": table(lines), **files})
    said = evaluate(tiny_build, source, tmp_path / "out", "--network", "compact")
    overlap = read(tmp_path / "out")["networks"]["compact"]["overlap"]
    assert [overlap[part]["same"] for part in ("training", "validation", "test")] == [5, 3, 4]
    assert overlap["learned_from"] == 8
    assert (
        "WARNING: 8 of these 12 photos, 67 %, are among those that the network was trained or tuned on" in said.stdout
    )
    text = words(tmp_path / "out" / "evaluation.html")
    assert "8 of the 12 photos (67 %) are among those that the network was trained or tuned on" in text
    assert [row["part"] for row in rows_of(tmp_path / "out")].count("training") == 5


def test_photos_from_elsewhere_lead_to_no_warning(whole: tuple[Path, Path, str]) -> None:
    _, out, said = whole
    assert all(network["overlap"]["learned_from"] == 0 for network in read(out)["networks"].values())
    assert "WARNING" not in said
    assert "It has learned from" not in words(out / "evaluation.html")


def test_without_a_list_of_the_training_photos_it_says_that_it_could_not_check(
    tiny_build: Build, tmp_path: Path
) -> None:
    source = lay(tmp_path / "set", class_folder_files(7))
    done = evaluate(tiny_build, source, tmp_path / "out", "--network", "compact", "--work", tmp_path / "other")
    assert read(tmp_path / "out")["networks"]["compact"]["overlap"] is None
    assert "could not be checked" in done.stdout
    assert "could not be checked" in words(tmp_path / "out" / "evaluation.html")


def test_a_photo_is_recognised_by_id_pixels_likeness_or_lesion_and_counted_where_it_is_worst() -> None:
    zero, near, far = ("00" * 32, "01" * 16 + "00" * 16, "ff" * 32)  # 0, 16 and 256 bits from the first
    listed = [
        ListedPhoto("ISIC_0000001", "HAM_0000001", "test", "a", zero),
        ListedPhoto("ISIC_0000002", "HAM_0000002", "training", "b", far),
        ListedPhoto("row 7", "row 7", "training", "c", "0f" * 32),
        ListedPhoto("ISIC_0000004", "HAM_0000004", "validation", "d", "f0" * 32),
        ListedPhoto("ISIC_0000005", "HAM_0000005", "", "e", "33" * 32),
    ]
    sought = [
        ListedPhoto("ISIC_0000001", "HAM_0000009", "", "x", "55" * 32),
        ListedPhoto("ISIC_0000001", "HAM_0000002", "", "x", "55" * 32),
        ListedPhoto("123456789012345", "123456789012345", "", "b", "55" * 32),
        ListedPhoto("123456789012345", "123456789012345", "", "x", near),
        ListedPhoto("row 7", "row 7", "", "x", "55" * 32),
        ListedPhoto("ISIC_0000005", "HAM_0000005", "", "e", "33" * 32),
    ]
    found = find_known(sought, listed)
    assert found == [
        Known("test", "same"), Known("training", "same_lesion"), Known("training", "same"),
        Known("test", "near_identical"), Known(), Known(),
    ]  # fmt: skip
    assert count_known(found)["learned_from"] == 2


def test_a_list_of_photos_comes_back_as_it_was_written(tmp_path: Path) -> None:
    listed = [ListedPhoto("ISIC_0000001", "HAM_0000001", "test", "ab", "cd"), ListedPhoto("row 1", "row 1", "", "", "")]
    write_photo_list(listed, tmp_path / "photos.csv.gz")
    assert read_photo_list(tmp_path / "photos.csv.gz") == listed
    for other in (
        b"image_id,part\n1,test\n",
        gzip.compress(b"image_id,part\n1,test\n"),
        gzip.compress(b"cut off")[:-9],
    ):
        (tmp_path / "photos.csv.gz").write_bytes(other)
        with pytest.raises(ValueError, match="is no list of photos"):
            read_photo_list(tmp_path / "photos.csv.gz")


def test_the_list_that_came_with_a_network_counts_for_the_site_that_was_made_with_it_alone(tmp_path: Path) -> None:
    folders, listed = Folders(tmp_path / "work", tmp_path / "site"), [ListedPhoto("ISIC_0000001", "", "test", "a", "b")]
    with replacing(folders.site) as fresh:
        (fresh / "index.html").write_text("<html>", encoding="utf-8")
    write_photo_list(listed, tmp_path / "photos.csv.gz")
    folders.work.mkdir()
    learned_from = {
        "compact": {"list": str(tmp_path / "photos.csv.gz")},
        "cnn": {"list": str(tmp_path / "missing.csv")},
    }
    write_json(folders.record, {"finished": True, "site": site_files(folders.site), "learned_from": learned_from})
    assert photos_learned_from(folders) == {"compact": listed}
    with replacing(folders.site) as fresh:
        (fresh / "index.html").write_text("<html>another", encoding="utf-8")
    assert photos_learned_from(folders) == {}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"mel/a.jpg": b"no photo"}, "holds no photo that can be used with a label that the networks know"),
        ({"a.jpg": b""}, "No supported data set was found"),
    ],
)
def test_a_source_without_a_usable_photo_says_so(
    tiny_build: Build, tmp_path: Path, files: dict[str, bytes], problem: str
) -> None:
    done = evaluate(tiny_build, lay(tmp_path / "set", files), tmp_path / "out")
    assert done.returncode == 1
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "out").exists()


def test_results_never_go_into_the_site_nor_over_what_is_somebodys(tiny_build: Build, tmp_path: Path) -> None:
    source = lay(tmp_path / "set", class_folder_files(7))
    lay(tmp_path, {"mine/letter.txt": b"dear Ana"})
    for out, problem in (
        (tiny_build.site / "evaluation", "lie one in the other"),
        (source / "out", "lie one in the other"),
        (tmp_path / "mine", "letter.txt, which no build has put there"),
    ):
        done = evaluate(tiny_build, source, out)
        assert done.returncode == 1
        assert problem in done.stderr
    assert (tmp_path / "mine" / "letter.txt").read_bytes() == b"dear Ana"


def test_an_interrupted_evaluation_leaves_nothing(
    tiny_build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = lay(tmp_path / "set", {f"nv/{n}.jpg": photo(n) for n in range(70)})

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SiteNetwork, "answer", interrupt)
    done = evaluate(tiny_build, source, tmp_path / "out")
    assert done.returncode == 130
    assert [file.name for file in tmp_path.iterdir()] == ["set"]
