"""The whole build from photos of one's own: what the report says of the split, and that the site holds no photo."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pytest

from builder.icons import draw_icons
from builder.kinds import draw_kinds
from builder.samples import write_samples
from tests.conftest import Build, run_command
from tests.photo_sets import class_folder_files, lay, photo

FEW = ("--set", "training.epochs=1", "--set", "evaluation.resamples=20", "--set", "site.networks=compact")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders, with one photo stored twice and one that is broken."""
    files = {**class_folder_files(84), "mel/again.png": photo(4, kind="PNG"), "nv/broken.jpg": photo(1)[:500]}
    return lay(tmp_path_factory.mktemp("secret-place") / "photos", files)


@pytest.fixture(scope="module")
def built(trains: None, folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    work, site = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("site") / "site"
    done = run_command("--work", work, "--site", site, "--data", folders, *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(work, site, done.stdout + done.stderr)


def plain_text(page: Path) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))))


def test_the_kind_of_source_is_named(built: Build) -> None:
    assert "found photos in class folders: 86 photos" in built.output


def test_the_report_says_by_what_rule_it_was_split_and_what_a_careless_split_would_do(built: Build) -> None:
    data, text = built.report["data"], plain_text(built.site / "report.html")
    assert "near-identical photos are in one part" in data["split_rule"] and data["split_rule"][:40] in text
    assert data["careless_split"]["test_share"] == pytest.approx(0.4, abs=0.05)
    assert 0 <= data["careless_split"]["photos"] <= 2 / 30
    assert "Had photos been drawn without regard to likeness" in text
    assert "2 photos are near-identical to another, in 1 group." in text
    assert "1 file was left out" in text and "broken.jpg" in text


def test_what_a_network_of_photos_says_of_a_drawing_is_said_to_mean_nothing(built: Build) -> None:
    assert "what it says of a drawing means nothing" in plain_text(built.site / "index.html")


def test_nothing_of_the_photos_but_their_answers_is_in_the_site(built: Build, folders: Path, tmp_path: Path) -> None:
    originals = {file.read_bytes() for file in folders.rglob("*.*")}
    write_samples(tmp_path)
    draw_kinds(tmp_path / "pictures")
    draw_icons(tmp_path / "icons")
    drawn = {file.read_bytes() for file in tmp_path.rglob("*.*")}
    for file in filter(Path.is_file, built.site.rglob("*")):
        content = file.read_bytes()
        assert content not in originals
        assert b"secret-place" not in content
        assert file.suffix not in (".jpg", ".png", ".webp", ".npy") or content in drawn


def test_an_unchanged_build_reads_nothing_and_a_test_source_makes_another(
    built: Build, folders: Path, tmp_path: Path
) -> None:
    arguments: list[str | Path] = ["--work", built.work, "--site", built.site, "--data", folders, *FEW]
    assert "Nothing has changed" in run_command(*arguments).stdout
    tested = lay(tmp_path / "test", class_folder_files(14))
    for number, file in enumerate(sorted(tested.rglob("*.jpg"))):
        file.write_bytes(photo(1000 + number))
        file.rename(file.with_name(f"other {number}.jpg"))
    other = tmp_path / "site"
    done = run_command(*arguments[:2], "--site", other, "--data", folders, "--test-data", tested, *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    report = Build(built.work, other, done.stdout).report
    assert report["networks"]["compact"]["test"]["photos"] == 14
    assert "source of its own" in report["data"]["split_rule"]
    assert report["config"]["data"] == {"source": "class folders", "test_source": "class folders"}
    shutil.rmtree(other)
