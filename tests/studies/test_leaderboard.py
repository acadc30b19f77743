"""The leaderboard: nothing done twice, the figures of `compare`, times apart from the rest, a page for everyone."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, Page

from builder.cli import _parser, _request_for
from builder.config.read import read_config
from builder.evaluate.comparison import ROWS, compare
from builder.site.leaderboard_page import write_board_page
from builder.site.render import template_environment
from builder.studies.compare import read_builds
from builder.studies.leaderboard.board import _places
from builder.studies.leaderboard.times import summarise
from tests.conftest import REPOSITORY, Build, run_build_py, start_build_py
from tests.report_figures import NONE, figure, make_network, make_report
from tests.visiting import violations

NETWORKS = ("compact", "cnn")
STAGES = ("training:", "calibrating:", "looking for other things:", "evaluating:", "measuring:", "exporting:")
SCHEMA = json.loads((REPOSITORY / "builder" / "site" / "leaderboard.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def led(demo_build: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A leaderboard of networks whose stages are all finished."""
    return lead(demo_build, tmp_path_factory.mktemp("led") / "site")


def lead(build: Build, site: Path, *options: str) -> Build:
    done = run_build_py("leaderboard", "--networks", ",".join(NETWORKS), "--work", build.work, "--site", site, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(build.work, site, done.stdout + done.stderr)


def board_of(build: Build) -> dict[str, Any]:
    board: dict[str, Any] = json.loads((build.site / "leaderboard.json").read_text(encoding="utf-8"))
    return board


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def problems(board: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(board)]


def test_what_is_finished_is_not_done_again(led: Build) -> None:
    assert [stage for stage in STAGES if stage in led.output] == []
    again = lead(led, led.site)
    assert "Nothing has changed" in again.output and "timing in the browser" not in again.output


def test_stopped_in_the_middle_it_goes_on_from_there(demo_build: Build, tmp_path: Path) -> None:
    folders: list[str | Path] = ["--work", demo_build.work, "--site", tmp_path / "site"]
    command = ["leaderboard", "--networks", "cnn,compact", *folders]
    for old in (demo_build.work / "times").glob("*"):  # of an earlier run in a work folder that is kept
        shutil.rmtree(old)
    process = start_build_py(*command)
    while not list(demo_build.work.glob("times/*")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate()
    assert process.returncode == 130 and "Interrupted" in told and "Traceback" not in told, told
    assert not (tmp_path / "site").exists()
    done = run_build_py(*command)
    assert done.returncode == 0 and "timing in the browser" in done.stdout, done.stdout + done.stderr
    assert [stage for stage in STAGES if stage in done.stdout] == []
    board = json.loads((tmp_path / "site" / "leaderboard.json").read_text(encoding="utf-8"))
    assert board["compared_with"] == "cnn" and board["networks"]["compact"]["place"] == 1


def test_the_figures_are_those_of_compare(led: Build) -> None:
    board = board_of(led)
    compared = compare(read_builds([led.site]), read_config(REPOSITORY / "config.toml").evaluation)
    for name, build in zip(NETWORKS, compared["builds"], strict=True):
        assert board["networks"][name]["figures"] == build["figures"]
    (pair,) = compared["pairs"]
    assert board["networks"]["cnn"]["against_first"] == {key: pair[key] for key in ("differences", "mcnemar")}
    assert board["networks"]["compact"]["against_first"] is None
    assert (board["photos"], board["lesions"]) == (compared["photos"], compared["lesions"])


def test_each_network_has_its_size_its_epochs_and_its_milliseconds(led: Build) -> None:
    board = board_of(led)
    assert problems(board) == []
    for name, network in led.report["networks"].items():
        own, answer = board["networks"][name], board["timed"]["networks"][name]["answer"]
        assert own["parameters"] == network["parameters"] and own["bytes"] == network["export"]["bytes"]
        assert own["epochs"] == network["epochs"]
        assert own["validation_accuracy"] == network["history"][own["kept_epoch"] - 1]["val_accuracy"]
        assert 0 < answer["fastest_ms"] <= answer["median_ms"]
    assert board["timed"]["networks"]["compact"]["answer"]["times_first"] == 1
    assert board["timed"]["browser"]["backend"] == "wasm" and board["timed"]["browser"]["threads"] == 1


def test_all_but_the_times_is_the_same_again_and_a_plain_build_gives_the_plain_site(
    led: Build, demo_build: Build, tmp_path: Path
) -> None:
    untimed = board_of(lead(demo_build, tmp_path / "site", "--without-times"))
    timed = board_of(led)
    assert untimed.pop("timed")["browser"] is None and timed.pop("timed")["browser"]
    assert untimed == timed
    assert "was not timed: this site was built without a browser" in (tmp_path / "site/leaderboard.html").read_text()
    done = run_build_py("--work", demo_build.work, "--site", tmp_path / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(tmp_path / "site") == contents(demo_build.site)


def test_the_terminal_shows_every_network_and_says_what_a_ranking_is_not(led: Build) -> None:
    assert "a comparison, not a way to choose a network" in led.output
    for place, name in ((1, "compact"), (2, "cnn")):
        accuracy = board_of(led)["networks"][name]["figures"]["accuracy"]["value"]
        assert re.search(rf"^{place}  {name} +{accuracy:.3f} \(", led.output, re.MULTILINE)
        assert re.search(rf"^{place}  {name} .* MB +[\d.]+ ms ", led.output, re.MULTILINE)
    assert "cnn against compact: " in led.output


def test_the_report_leads_to_the_page_and_every_address_on_it_leads_to_a_file(led: Build) -> None:
    assert 'href="leaderboard.html"' in (led.site / "report.html").read_text(encoding="utf-8")
    page = (led.site / "leaderboard.html").read_text(encoding="utf-8")
    addresses = re.findall(r'(?:href|src)="([^"#][^"]*)"', page)
    assert addresses and [each for each in addresses if not (led.site / each.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_never_scrolls_sideways(
    led: Build, browser: Browser, serve: Callable[[Path], str], scheme: Any, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(f"{serve(led.site)}/leaderboard.html")
    page.click("#figures ~ .table-place button >> nth=1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def make_board(**changed: Any) -> dict[str, Any]:
    """Three networks, with every figure measured and all times taken."""

    def network(place: int, value: float) -> dict[str, Any]:
        pair = {
            "differences": {row["name"]: figure(value - 0.5, 0.02) for row in ROWS},
            "mcnemar": {"only_first_right": 31, "only_second_right": 62, "p": 0.0017, "p_over_lesions": 0.0042},
        }
        return {
            "place": place, "title": f"network {place}", "parameters": 700_000 * place, "epochs": 5, "kept_epoch": 4,
            "validation_accuracy": value - 0.07, "bytes": 1_400_000 * place, "against_first": pair,
            "figures": {row["name"]: figure(value + 0.01 * n) for n, row in enumerate(ROWS)},
        }  # fmt: skip

    networks = {"cnn": network(2, 0.5), "better": network(1, 0.61), "worse": network(3, 0.1034)}
    networks["cnn"]["against_first"] = None
    times = {
        name: {
            "answer": {"median_ms": 8.31 * n, "fastest_ms": 7.9 * n, "times_first": float(n)},
            "training": {"seconds": 725.0 * n, "epochs_timed": 5},
        }
        for n, name in enumerate(networks, start=1)
    }
    browser = {
        "name": "chromium", "version": "156.0", "backend": "wasm", "simd": True, "threads": 1, "warm_up_rounds": 4,
        "rounds": 40,
    }  # fmt: skip
    return {
        "$schema": "leaderboard.schema.json", "data": {"title": "HAM10000", "is_demo": False}, "photos": 500,
        "lesions": 410, "resamples": 1000, "ranked_by": "balanced_accuracy", "compared_with": "cnn",
        "rows": list(ROWS), "networks": networks, "timed": {"browser": browser, "networks": times}, **changed,
    }  # fmt: skip


def write_page(board: dict[str, Any], folder: Path) -> Path:
    (folder / "js").mkdir()
    report = {**make_report(), "networks": {name: make_network() for name in board["networks"]}}
    write_board_page(template_environment(page="leaderboard.html"), board, report, folder)
    return folder / "leaderboard.html"


def words(file: Path) -> str:
    text = re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8").partition("<main")[2]).replace("&nbsp;", " ")
    return re.sub(r"\s+", " ", text)


def test_the_page_says_that_a_ranking_is_no_way_to_choose_and_what_it_ranks_by(tmp_path: Path) -> None:
    board = make_board()
    assert problems(board) == []
    text = words(write_page(board, tmp_path))
    assert "in the order of their balanced accuracy on the test photos" in text
    assert "A comparison, not a way to choose" in text and "go by the validation photos" in text
    assert "better names the kinds right more often than cnn , each kind counted alike: by 11 percentage points" in text
    assert "cnn names the kinds right more often than worse" in text
    assert "Chromium 156.0 without a window, on the WASM backend of TensorFlow.js with SIMD and 1 thread" in text


def test_every_figure_and_every_cost_is_shown(tmp_path: Path) -> None:
    text = words(write_page(make_board(), tmp_path))
    better = text.partition("better network 1")[2]
    assert "61 % 57 to 65 % 62 % 58 to 66 % 0.63 0.59 to 0.67 64 % 60 to 68 % 0.65 0.61 to 0.69 54 %" in better
    assert "1,400,000 2.8 MB 8.3 ms 12 min 5 kept: 4" in text
    assert "700,000 1.4 MB 17 ms 2 times cnn 24 min" in text


def test_what_was_not_measured_or_not_timed_says_so(tmp_path: Path) -> None:
    board = copy.deepcopy(make_board())
    board["networks"]["worse"]["figures"]["melanoma_sensitivity"] = dict(NONE)
    board["networks"]["worse"]["against_first"]["differences"]["balanced_accuracy"] = dict(NONE)
    board["networks"]["worse"]["against_first"]["mcnemar"].update(p=None, p_over_lesions=None)
    board["timed"]["networks"]["better"].update(answer=None, training={"seconds": 50.0, "epochs_timed": 2})
    board["timed"]["networks"]["worse"].update(training=None)
    assert problems(board) == []
    text = words(write_page(board, tmp_path))
    assert "names the kinds right more often was not measured" in text
    assert "not timed 50 s at the pace of 2 epochs that were timed" in text
    assert "finished before its time was noted" in text
    assert "10 % 6.3 to 14 % 11 % 7.3 to 15 % 0.12 0.08 to 0.16 not measured" in text


@pytest.fixture
def sortable(browser: Browser, tmp_path: Path) -> Page:
    board = make_board()
    board["networks"]["worse"]["figures"]["accuracy"] = dict(NONE)
    page = browser.new_page()
    page.goto(write_page(board, tmp_path).as_uri())
    return page


def test_a_heading_sorts_its_table_by_number_and_again_the_other_way_round(sortable: Page) -> None:
    def order() -> list[str]:
        return sortable.locator("#figures ~ .table-place tbody th a").all_inner_texts()

    def sort_by(name: str) -> str | None:
        button = sortable.locator("#figures ~ .table-place").get_by_role("button", name=name, exact=True)
        button.click()
        return button.locator("..").get_attribute("aria-sort")

    assert order() == ["better", "cnn", "worse"]  # as ranked
    assert sort_by("Macro ROC AUC") == "descending" and order() == ["better", "cnn", "worse"]
    assert sort_by("Macro ROC AUC") == "ascending" and order() == ["worse", "cnn", "better"]
    assert sort_by("Accuracy") == "descending" and order() == ["better", "cnn", "worse"]
    assert sort_by("Accuracy") == "ascending" and order() == ["cnn", "better", "worse"], "what is not measured is last"
    assert sort_by("Network") == "ascending" and order() == ["better", "cnn", "worse"]
    assert sortable.locator("#figures ~ .table-place [aria-sort]").count() == 1
    sortable.close()


def test_ratios_are_those_of_each_round() -> None:
    first, second = summarise([[100.0, 10.0], [300.0, 30.0], [110.0, 12.1]])
    assert first == {"median_ms": 110.0, "fastest_ms": 100.0, "times_first": 1.0}
    assert second == {"median_ms": 12.1, "fastest_ms": 10.0, "times_first": 0.1}


def test_equal_figures_share_a_place_and_what_was_not_measured_comes_last() -> None:
    assert _places([0.4, 0.9, None, 0.4]) == [2, 1, 4, 2]


def test_without_a_browser_the_build_says_so_before_it_begins(tmp_path: Path) -> None:
    script = "import sys; from builder.studies.leaderboard import times; times.CHROMIUMS = times.CHANNELS = (); "
    script += "from builder.cli import main; sys.exit(main(sys.argv[1:]))"
    told = subprocess.run(
        [sys.executable, "-c", script, "leaderboard", "--work", str(tmp_path / "work")],
        cwd=REPOSITORY,
        env={**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stdout + told.stderr
    assert "No Chromium could be started" in told.stderr and "--without-times" in told.stderr
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("networks", "problem"), [("cnn", "only cnn"), ("cnn,cnn", "each once"), ("cnn,none", "no network 'none'")]
)
def test_networks_that_cannot_be_set_side_by_side_are_refused(networks: str, problem: str, tmp_path: Path) -> None:
    told = run_build_py("leaderboard", "--networks", networks, "--work", tmp_path / "work")
    assert told.returncode == 1 and problem in told.stderr, told.stderr
    assert not (tmp_path / "work").exists()


def test_options_count_before_the_command_and_after_it() -> None:
    given = _parser().parse_args(
        ["--set", "demo.photos=80", "--work", "a", "leaderboard", "--set", "split.seed=3", "--site", "b"]
    )
    assert (given.work, given.site) == (Path("a"), Path("b"))
    config = _request_for(given, given.data).config()
    assert (config.demo.photos, config.split.seed) == (80, 3)
