"""The whole build from photos of one's own: what the report says of the split, and that the site holds no name."""

from __future__ import annotations

import csv
import html
import re
import shutil
from pathlib import Path

import pytest

from builder.export.disk_copies import write_disk_copy
from builder.site.class_facts import draw_classes
from builder.site.icons import draw_icons
from builder.site.samples import write_samples
from tests.conftest import REPOSITORY, Build, run_command
from tests.marked_photos import MARK, marked_class_folders, marked_table, marks_in
from tests.photo_sets import lay

FEW = (
    "--set", "training.epochs=1", "--set", "evaluation.resamples=20", "--set", "site.networks=compact",
    "--set", f"network.base_weights=/{MARK}.h5",
)  # fmt: skip
NUMBER = re.compile(r"[0-9]{15}")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with a mark wherever a name may stand, and what of them cannot be used."""
    return lay(tmp_path_factory.mktemp(MARK) / "photos", marked_class_folders(84))


@pytest.fixture(scope="module")
def built(trains: None, little_work: None, folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    work, site = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp(MARK) / "site"
    config = shutil.copy(REPOSITORY / "config.toml", site.with_name(f"{MARK}.toml"))
    done = run_command("--work", work, "--site", site, "--config", config, "--data", folders, *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(work, site, done.stdout + done.stderr)


def plain_text(page: Path) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))))


def test_the_kind_of_source_is_named(built: Build) -> None:
    assert "found photos in class folders: 87 photos" in built.output


def test_the_report_says_by_what_rule_it_was_split_and_what_a_careless_split_would_do(built: Build) -> None:
    data, text = built.report["data"], plain_text(built.site / "report.html")
    assert "near-identical photos are in one part" in data["split_rule"] and data["split_rule"][:40] in text
    assert data["careless_split"]["test_share"] == pytest.approx(0.4, abs=0.05)
    assert 0 <= data["careless_split"]["photos"] <= 2 / 30
    assert "Had photos been drawn without regard to likeness" in text
    assert "2 photos are near-identical to another, in 1 group." in text
    assert "3 files were left out" in text
    assert data["left_out"] == [
        {"reason": "not a photo this program can read", "files": 1},
        {"reason": "the file is damaged or incomplete", "files": 1},
        {"reason": "the same name", "files": 1},
    ]


def test_what_a_network_of_photos_says_of_a_drawing_is_said_to_mean_nothing(built: Build) -> None:
    assert "what it says of a drawing means nothing" in plain_text(built.site / "index.html")


def test_nothing_of_the_photos_but_their_answers_is_in_the_site(built: Build, folders: Path, tmp_path: Path) -> None:
    originals = {file.read_bytes() for file in folders.rglob("*.*") if file.is_file()}
    write_samples(tmp_path)
    draw_classes(tmp_path / "pictures")
    draw_icons(tmp_path / "icons")
    drawn = {file.read_bytes() for file in tmp_path.rglob("*.*")}
    for file in filter(Path.is_file, built.site.rglob("*")):
        content = file.read_bytes()
        assert content not in originals
        assert file.suffix not in (".jpg", ".png", ".webp", ".npy") or content in drawn


def test_the_search_for_the_mark_finds_it_wherever_it_stands(folders: Path, tmp_path: Path) -> None:
    assert set(marks_in(folders)) == {file.relative_to(folders).as_posix() for file in folders.rglob("*")}
    for number, file in enumerate(sorted(folders.rglob("*.jpg"))[:3]):
        shutil.copy(file, tmp_path / f"{number}.jpg")
        write_disk_copy(tmp_path / f"{number}.jpg", tmp_path)
    assert len(marks_in(tmp_path)) == 6


def test_no_name_of_the_users_is_in_the_site(built: Build) -> None:
    assert marks_in(built.site) == []
    with open(built.site / "predictions.csv", newline="", encoding="utf-8") as lines:
        ids = [(row["image_id"], row["lesion_id"]) for row in csv.DictReader(lines)]
    assert ids and all(NUMBER.fullmatch(each) for both in ids for each in both)
    assert built.report["config"]["network"]["base_weights"] == "a file"


def test_an_unchanged_build_reads_nothing_and_a_test_source_makes_another(
    built: Build, folders: Path, tmp_path: Path
) -> None:
    arguments: list[str | Path] = ["--work", built.work, "--site", built.site, "--data", folders, *FEW]
    assert "Nothing has changed" in run_command(*arguments).stdout
    tested, other = tmp_path / f"{MARK}.zip", tmp_path / "site"
    tested.write_bytes(marked_table(14))
    done = run_command(*arguments[:2], "--site", other, "--data", folders, "--test-data", tested, *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    report = Build(built.work, other, done.stdout).report
    assert report["networks"]["compact"]["test"]["photos"] == 14
    assert "source of its own" in report["data"]["split_rule"]
    assert report["config"]["data"] == {"source": "class folders", "test_source": "table", "leave_out": []}
    assert marks_in(other) == []
    groups = {each["attribute"]: each["groups"] for each in report["networks"]["compact"]["subgroups"]["attributes"]}
    assert [group["name"] for group in groups["localization"]] == ["value 1"]
    assert {left_out["reason"] for left_out in report["data"]["left_out"]} >= {
        "unknown label", "names it, but there is no such file", "does not name it",
    }  # fmt: skip
    shutil.rmtree(other)
