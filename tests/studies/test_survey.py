"""`python build.py data SOURCE`: what it says of a data set, and the page it writes."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from builder.classes import CODES
from builder.data.demo.draw import draw_demo_photos
from builder.studies.survey.plots import brightness_strip, level_lines, share_width, size_bars
from tests.conftest import run_command

PHOTOS = 63


@dataclass(frozen=True)
class Surveyed:
    folder: Path  # of the page
    output: str
    site: Path

    @property
    def page(self) -> str:
        return (self.folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Surveyed:
    """A HAM10000 folder with two photos a lesion, one copy under another lesion and label, and two that are no use."""
    top = tmp_path_factory.mktemp("survey")
    photos = [photo for photo in draw_demo_photos(PHOTOS + 20, seed=3) if photo.code != "vasc"][:PHOTOS]
    rows: list[list[str]] = []
    (top / "ham" / "HAM10000_images_part_1").mkdir(parents=True)
    for index, photo in enumerate(photos):
        picture = Image.fromarray(photo.pixels).resize((600, 450) if index % 3 else (400, 400))
        picture.save(top / "ham" / "HAM10000_images_part_1" / f"Befund [b]<i>{index:03d}.jpg", quality=95)
        of_code = sum(row[2] == photo.code for row in rows)
        rows.append([f"{photo.code} {of_code // 2}", f"Befund [b]<i>{index:03d}", photo.code])
    first, copy = (top / "ham" / "HAM10000_images_part_1" / f"Befund [b]<i>{index:03d}.jpg" for index in (1, 62))
    copy.write_bytes(first.read_bytes())
    rows[62] = ["another lesion", rows[62][1], "df" if rows[1][2] == "nv" else "nv"]
    (top / "ham" / "HAM10000_images_part_1" / "Befund [b]<i>040.jpg").write_bytes(first.read_bytes()[:500])
    rows[50][2] = ""
    with open(top / "ham" / "HAM10000_metadata.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["lesion_id", "image_id", "dx"], *rows])
    done = run_command("--work", top / "work", "--site", top / "site", "data", top / "ham")
    assert done.returncode == 0, done.stdout + done.stderr
    return Surveyed(top / "work" / "survey", done.stdout, top / "site")


def test_photos_and_lesions_are_counted_by_class(surveyed: Surveyed) -> None:
    assert re.search(r"61 photos of 3\d lesions, at most 2 of one lesion", surveyed.output)
    counts = {code: re.search(rf"^  {code} .*?([\d,]+) +\S+ %", surveyed.output, re.M) for code in CODES}
    assert sum(int(found[1]) for found in counts.values() if found) == 61
    assert "61 photos" in surveyed.page


def test_a_class_without_photos_is_said_to_be_missing(surveyed: Surveyed) -> None:
    assert re.search(r"vasc +Vascular Lesion +0 +0 % +0", surveyed.output)
    assert "There is no photo of vascular lesion, so a network cannot learn it." in surveyed.page


def test_broken_files_and_missing_labels_are_named(surveyed: Surveyed) -> None:
    assert "left out: 2 files" in surveyed.output
    assert "Befund [b]<i>040.jpg" in surveyed.output and "Befund [b]<i>050" in surveyed.output
    assert "Befund [b]&lt;i&gt;040.jpg" in surveyed.page


def test_a_copy_under_another_lesion_and_label_is_found(surveyed: Surveyed) -> None:
    assert re.search(
        r"near-identical: \d+ pairs? of photos, 1 of different lesions, 1 of different labels", surveyed.output
    )
    first = surveyed.page[surveyed.page.index('class="photo-pair"') :]
    assert "different lesions, <strong>different labels</strong>" in first[: first.index("Befund")]


def test_sizes_of_the_photos_as_they_are_on_disk_are_counted(surveyed: Surveyed) -> None:
    assert re.search(r"sizes: 600 x 450 \(4\d\), 400 x 400 \(2\d\)", surveyed.output)
    assert "There are 2 sizes." in surveyed.page and "does not see the edges" in surveyed.page


def test_the_page_is_for_this_machine_alone(surveyed: Surveyed) -> None:
    assert not surveyed.site.exists()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', surveyed.page)
    assert policy and policy[1].startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert "<script" not in surveyed.page and " style=" not in surveyed.page and "//" not in surveyed.page
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', surveyed.page)
    assert addresses and all((surveyed.folder / address).is_file() for address in addresses)


def test_no_picture_carries_the_name_of_a_photo(surveyed: Surveyed) -> None:
    pictures = list((surveyed.folder / "photos").iterdir())
    assert len(pictures) > 30 and all(re.fullmatch(r"\d+\.jpg", picture.name) for picture in pictures)


def test_a_second_look_reads_no_photo_again_and_writes_the_same_page(surveyed: Surveyed) -> None:
    before = {file: file.read_bytes() for file in sorted(surveyed.folder.rglob("*")) if file.is_file()}
    top = surveyed.folder.parent.parent
    again = run_command("--work", top / "work", "--site", top / "site", "data", top / "ham")
    assert again.returncode == 0 and "reading photos" not in again.stdout
    assert {file: file.read_bytes() for file in sorted(surveyed.folder.rglob("*")) if file.is_file()} == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_opens_from_disk_without_a_fault(surveyed: Surveyed, browser: Browser, width: int, scheme) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.goto((surveyed.folder / "index.html").as_uri())
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth === 100 && image.alt)")
    dark_paper = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(24, 22, 19)"
    assert dark_paper == (scheme == "dark")
    assert faults == []
    page.close()


def test_a_source_without_lesion_ids_is_not_said_to_know_its_lesions(tmp_path: Path) -> None:
    for photo in draw_demo_photos(30, seed=3):
        (tmp_path / "mine" / photo.code).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo.pixels).save(tmp_path / "mine" / photo.code / f"{photo.image_id}.png")
    done = run_command("--work", tmp_path / "work", "data", tmp_path / "mine")
    assert "30 photos; which of them show the same lesion it does not say" in done.stdout, done.stderr
    page = (tmp_path / "work" / "survey" / "index.html").read_text(encoding="utf-8")
    assert "Which of them show the same lesion it does not say." in page and ">Lesions</th>" not in page


def test_a_test_source_is_looked_at_too_and_what_is_in_both_is_found(tmp_path: Path) -> None:
    photos = draw_demo_photos(40, seed=3)
    for number, photo in enumerate(photos):
        folder = tmp_path / ("mine" if number < 30 else "theirs") / photo.code
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo.pixels).save(folder / f"{photo.image_id}.png")
    Image.fromarray(photos[0].pixels).save(tmp_path / "theirs" / photos[30].code / "copy.png")
    done = run_command("--work", tmp_path / "work", "data", tmp_path / "mine", "--test-data", tmp_path / "theirs")
    assert "41 photos" in done.stdout, done.stderr
    assert "parts of its own: 30 training, 11 test; near-identical pairs across parts: 1" in done.stdout
    page = (tmp_path / "work" / "survey" / "index.html").read_text(encoding="utf-8")
    assert "30 photos for training, 11 photos for test" in page
    assert "<strong>1 pair</strong> of nearly the same photos is in two parts" in page
    in_front = run_command("--work", tmp_path / "work", "--test-data", tmp_path / "theirs", "data", tmp_path / "mine")
    assert in_front.stdout.splitlines()[-1] == done.stdout.splitlines()[-1] and "11 test" in in_front.stdout


def test_data_that_a_build_refuses_can_still_be_looked_at(tmp_path: Path) -> None:
    for photo in draw_demo_photos(30, seed=3):
        (tmp_path / "mine" / photo.code).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo.pixels).save(tmp_path / "mine" / photo.code / f"{photo.image_id}.png")
    for file in sorted((tmp_path / "mine").rglob("*.png"))[:10]:
        file.write_bytes(b"")
    done = run_command("--work", tmp_path / "work", "data", tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    assert "20 photos;" in done.stdout and "left out: 10 files" in done.stdout
    assert "  10: not a photo this program can read (" in done.stdout
    assert "A build refuses these data." in done.stdout and "10 photos cannot be used, 20 can" in done.stdout
    page = (tmp_path / "work" / "survey" / "index.html").read_text(encoding="utf-8")
    assert "A build refuses these data." in page and "10 photos of 30 cannot be used" in page
    refused = run_command("--work", tmp_path / "work", "--site", tmp_path / "site", "--data", tmp_path / "mine")
    assert refused.returncode == 1 and "10 photos cannot be used" in refused.stderr


def test_a_source_that_does_not_exist_is_a_problem_to_mend(tmp_path: Path) -> None:
    told = run_command("--work", tmp_path / "work", "data", tmp_path / "none")
    assert told.returncode == 1 and len(told.stderr.splitlines()) == 2
    assert not (tmp_path / "work" / "survey").exists()


def test_the_largest_bar_fills_its_line_and_none_that_is_there_vanishes() -> None:
    assert share_width(0.67, 0.67) == 100
    assert share_width(0.00001, 0.67) == 1
    assert share_width(0, 0.67) == 0


def test_level_lines_stay_in_their_drawing() -> None:
    levels = np.random.default_rng(1).dirichlet(np.ones(32), 3)
    plot = level_lines(levels)
    for path in plot.paths.values():
        points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
        assert len(points) > 20
        assert all(plot.left <= x <= plot.right and plot.top <= y <= plot.bottom for x, y in points)
    assert [tick.value for tick in plot.x_ticks] == [0, 64, 128, 192, 255]


def test_a_strip_keeps_the_order_of_its_quantiles() -> None:
    strip = brightness_strip([0, 60, 120, 180, 255])
    assert (strip.low, strip.high) == (0, strip.width)
    assert strip.low < strip.lower < strip.middle < strip.upper < strip.high


def test_a_histogram_of_sizes_shows_every_photo() -> None:
    bars = size_bars([0.3, 0.31, 12.0], [100, 50, 1])
    tall = [height for _, _, height in bars.bars]
    assert sum(height > 0 for height in tall) == 2
    assert max(tall) == tall[0] and all(y + height == pytest.approx(bars.bottom, abs=0.1) for _, y, height in bars.bars)
