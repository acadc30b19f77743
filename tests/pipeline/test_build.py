"""The whole build, from the command line, on demo data."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from builder.files.lock import locked
from builder.train.timing import training_time
from tests.conftest import TINY, Build, run_build_py, start_build_py


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def start_tiny_build(folder: Path) -> subprocess.Popen[str]:
    return start_build_py("--work", folder / "work", "--site", folder / "site", *TINY)


def wait_for_a_finished_epoch(folder: Path, process: subprocess.Popen[str]) -> None:
    while not list(folder.glob("work/train/*/checkpoint.npz")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def test_the_demo_network_has_learned(demo_build: Build) -> None:
    network = demo_build.report["networks"]["cnn"]
    assert network["epochs"] < 20
    assert network["test"]["accuracy"]["value"] >= 0.85
    assert network["test"]["floor_accuracy"]["value"] < 0.4


def test_a_build_tells_what_it_did_and_makes_no_noise(tiny_build: Build) -> None:
    for step in ("drawing demo photos: ", "training: ", "evaluating: ", "exporting: ", "Built in ", "index.html"):
        assert step in tiny_build.output
    assert "Built from drawn images" in tiny_build.output
    for noise in ("oneDNN", "absl", "cpu_feature_guard", "Warning", "WARNING", "Traceback"):
        assert noise not in tiny_build.output


def test_the_site_has_every_file_that_others_rely_on(demo_build: Build) -> None:
    files = set(contents(demo_build.site))
    model = {"model.json", "card.json", *(f"group1-shard{number}of25.bin" for number in range(1, 26))}
    fetched = {f"model/cnn/{name}" for name in model}
    assert {"index.html", "report.html", "404.html", "report.json", "predictions.csv"} <= files
    assert fetched | {f"{name}.js" for name in fetched} <= files


def test_every_epoch_is_in_the_report(demo_build: Build) -> None:
    network = demo_build.report["networks"]["cnn"]
    assert [epoch["epoch"] for epoch in network["history"]] == list(range(1, network["epochs"] + 1))


def test_the_parts_of_the_report_add_up(demo_build: Build) -> None:
    data = demo_build.report["data"]
    assert sum(part["photos"] for part in data["parts"].values()) == data["photos"]
    assert sum(part["lesions"] for part in data["parts"].values()) == data["lesions"]
    for part in data["parts"].values():
        assert sum(part["by_class"].values()) == part["photos"]


def test_every_training_is_timed_beside_its_result(tiny_build: Build) -> None:
    trainings = list((tiny_build.work / "train").iterdir())
    assert len(trainings) == 2
    for folder in trainings:
        timed = training_time(folder, 2)
        assert timed and timed["epochs_timed"] == 2 and timed["seconds"] > 0


def test_an_unchanged_build_runs_nothing(demo_build: Build) -> None:
    before = {file: file.stat().st_mtime_ns for file in demo_build.site.rglob("*")}
    again = run_build_py("--work", demo_build.work, "--site", demo_build.site)
    assert again.returncode == 0 and "Nothing has changed" in again.stdout
    assert before == {file: file.stat().st_mtime_ns for file in demo_build.site.rglob("*")}


def test_a_lost_site_is_put_back_without_building(tiny_build: Build, tmp_path: Path) -> None:
    again = run_build_py("--work", tiny_build.work, "--site", tmp_path / "site", *TINY)
    assert again.returncode == 0 and "Nothing has changed" in again.stdout
    assert contents(tmp_path / "site") == contents(tiny_build.site)


def test_a_build_killed_in_training_goes_on_and_ends_with_the_same_bytes(tiny_build: Build, tmp_path: Path) -> None:
    process = start_tiny_build(tmp_path)
    wait_for_a_finished_epoch(tmp_path, process)
    process.kill()
    process.communicate()
    assert not (tmp_path / "site").exists()
    done = run_build_py("--work", tmp_path / "work", "--site", tmp_path / "site", *TINY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(tmp_path / "site") == contents(tiny_build.site)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that a test can send in place of Ctrl-C")
@pytest.mark.usefixtures("trains")
def test_ctrl_c_ends_a_build_cleanly(tmp_path: Path) -> None:
    process = start_tiny_build(tmp_path)
    wait_for_a_finished_epoch(tmp_path, process)
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode == 130
    assert "Interrupted" in output and "Traceback" not in output


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that a test can send in place of Ctrl-C")
def test_a_second_build_in_a_work_folder_says_that_it_waits(tmp_path: Path) -> None:
    with locked(tmp_path / "work"):
        second = start_tiny_build(tmp_path)
        assert second.stdout and "waiting until it has finished" in second.stdout.readline()
        second.send_signal(signal.SIGINT)
        output = second.communicate()[0]
    assert second.returncode == 130
    assert "Interrupted" in output and "Traceback" not in output
    assert [file.name for file in (tmp_path / "work").iterdir()] == ["lock"]


def test_a_failed_build_leaves_the_last_site_as_it_is_and_publish_refuses(tiny_build: Build, tmp_path: Path) -> None:
    before = contents(tiny_build.site)
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nL,I,nv\n", encoding="utf-8")
    work = tmp_path / "work"
    failed = run_build_py("--work", work, "--site", tiny_build.site, "--data", photos)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 2 and "Traceback" not in failed.stderr
    assert contents(tiny_build.site) == before
    refused = run_build_py("--work", work, "--site", tiny_build.site, "publish")
    assert refused.returncode == 1 and "There is no built site yet" in refused.stderr


def test_float32_weights_are_exported_on_request(tiny_build: Build, tmp_path: Path) -> None:
    settings = (*TINY, "--set", "export.weights=float32")
    done = run_build_py("--work", tiny_build.work, "--site", tmp_path / "site", *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "training" not in done.stdout  # neither data nor network depend on how it is stored
    shards = [tmp_path / "site" / "model" / "cnn" / f"group1-shard{number}of25.bin" for number in range(1, 26)]
    assert [shard.stat().st_size for shard in shards[:-1]] == [4 * 1024 * 1024] * 24
