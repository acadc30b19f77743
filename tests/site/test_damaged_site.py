"""What was built and then damaged is never answered with, compared or published: it is made anew, or refused."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from builder.cli import main
from builder.config.read import read_config
from builder.errors import BuildError
from builder.folders import Folders
from builder.pipeline.chain import Chain
from builder.pipeline.record import refuse_if_outdated, write_record
from builder.pipeline.request import Request
from builder.pipeline.stages import Stage
from builder.predict.ensemble import members_of
from builder.site.built import read_card
from builder.studies.compare import read_builds
from builder.studies.search.results import rows_of
from builder.studies.search.trials import run_search
from tests.conftest import REPOSITORY, Build, run_command
from tests.damage import WAYS, contents
from tests.photo_sets import lay
from tests.studies.test_compare import answers, publish
from tests.studies.test_search import RULES, Cut

CONFIG_FILE = REPOSITORY / "config.toml"
CONFIG = read_config(CONFIG_FILE)
ways = pytest.mark.parametrize("way", WAYS)
TINY = (
    "--set", "demo.photos=70", "--set", "evaluation.resamples=20", "--set", "site.networks=compact",
    "--set", "compact.epochs=1",
)  # fmt: skip


@ways
def test_a_damaged_record_of_the_last_build_is_a_problem_to_mend(tmp_path: Path, way: str) -> None:
    folders = Folders(tmp_path / "work", tmp_path / "site")
    write_record(Request(CONFIG_FILE, "demo"), CONFIG, folders, ensemble={"cnn": [["train/a", "b"]]})
    lay(folders.site, {"index.html": b"<html>"})
    WAYS[way](folders.record)
    for use in (partial(refuse_if_outdated, folders), partial(members_of, folders.record, folders.work, "cnn")):
        with pytest.raises(BuildError) as refused:
            use()
        assert "python build.py" in refused.value.remedy


@pytest.mark.parametrize("content", ["null", "[]", "{}", '{"finished": true}', '"ensemble"', '{"ensemble": []}'])
def test_a_record_of_another_shape_is_a_problem_to_mend(tmp_path: Path, content: str) -> None:
    folders = Folders(tmp_path / "work", tmp_path / "site")
    lay(tmp_path, {"site/index.html": b"<html>", "work/last_build.json": content.encode()})
    for use in (partial(refuse_if_outdated, folders), partial(members_of, folders.record, folders.work, "cnn")):
        with pytest.raises(BuildError) as refused:
            use()
        assert "python build.py" in refused.value.remedy


def leave_numbers(into: Path) -> None:
    (into / "numbers").write_bytes(bytes(99))


def test_an_ensemble_of_damaged_networks_is_refused(tmp_path: Path) -> None:
    chain = Chain(CONFIG, tmp_path)
    for stage in ("train", "calibrate"):
        chain.run(Stage(stage, "tests.site.test_damaged_site:leave_numbers"), {}, {}, network="cnn")
    folders = [folder.relative_to(tmp_path).as_posix() for folder in sorted(tmp_path.glob("*/*"))]
    record = tmp_path / "last_build.json"
    record.write_text(json.dumps({"ensemble": {"cnn": [folders]}}), encoding="utf-8")
    assert len(members_of(record, tmp_path, "cnn")) == 1
    WAYS["flipped"](next(tmp_path.glob("train/*/numbers")))
    with pytest.raises(BuildError, match=r"damaged \(numbers\)"):
        members_of(record, tmp_path, "cnn")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "flipped"])  # SQLite has no checksums
def test_a_damaged_study_is_begun_anew_and_comes_out_the_same(tmp_path: Path, way: str) -> None:
    rules = replace(RULES, trials=2, method="random")
    whole = rows_of(run_search(rules, Cut(1000), tmp_path), rules)
    WAYS[way](tmp_path / "study.db")
    if way == "a folder":
        with pytest.raises((OSError, BuildError)):
            run_search(rules, Cut(1000), tmp_path)
        return
    assert rows_of(run_search(rules, Cut(1000), tmp_path), rules) == whole


@pytest.mark.parametrize("way", [way for way in WAYS if way != "flipped"])  # it may have met a digit
@pytest.mark.parametrize("name", ["report.json", "predictions.csv"])
def test_a_damaged_report_is_not_compared(tmp_path: Path, name: str, way: str) -> None:
    reports = [publish(tmp_path / "one", answers(1.0, 1)), publish(tmp_path / "other", answers(2.0, 2))]
    WAYS[way](reports[1] / name)
    with pytest.raises(BuildError):
        read_builds(reports)


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1", "1.5", "", "0.2\x00"])
def test_a_probability_that_is_none_is_not_compared(tmp_path: Path, value: str) -> None:
    reports = [publish(tmp_path / "one", answers(1.0, 1)), publish(tmp_path / "other", answers(2.0, 2))]
    with open(reports[1] / "predictions.csv", newline="", encoding="utf-8") as file:
        header, first, *rows = csv.reader(file)
    with open(reports[1] / "predictions.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, [*first[:-1], value], *rows])
    with pytest.raises(BuildError, match="not what a build publishes"):
        read_builds(reports)


def test_rows_that_are_gone_from_a_table_are_missed(tmp_path: Path) -> None:
    reports = [publish(tmp_path / name, answers(1.0, seed)) for seed, name in enumerate(("one", "other"))]
    for report in reports:
        table = report / "predictions.csv"
        table.write_bytes(b"".join(table.read_bytes().splitlines(keepends=True)[:-20]))
    with pytest.raises(BuildError, match="280 photos of 300"):
        read_builds(reports)


# A whole build


@pytest.fixture(scope="module")
def tiny(trains: None, little_work: None, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A whole build on few photos, with one network."""
    folder = tmp_path_factory.mktemp("tiny")
    done = run_command("--work", folder / "work", "--site", folder / "site", *TINY)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(folder / "work", folder / "site", done.stdout)


DAMAGES = {
    "data/*/pixels.npy": "flipped",
    "split/*/done.json": "emptied",
    "train/*/epochs-1/network.weights.h5": "cut",
    "train/*/checkpoint.npz": "flipped",
    "calibrate/*/calibration.json": "garbage",
    "ood/*/ood.json": "deleted",
    "evaluate/*/figures.json": "zeros",
    "export/*/model/compact/group1-shard1of1.bin": "cut",
    "render/*/index.html": "cut",
    "last_build.json": "emptied",
}


def test_a_build_on_damaged_results_says_which_and_makes_the_same_site(tiny: Build, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(tiny.work, work)
    for place, way in DAMAGES.items():
        [file] = work.glob(place)
        WAYS[way](file)
    again = run_command("--work", work, "--site", tmp_path / "site", *TINY)
    assert again.returncode == 0, again.stdout + again.stderr
    assert contents(tmp_path / "site") == contents(tiny.site)
    for place in DAMAGES:
        stage, _, name = place.replace("*", "").partition("/")
        assert not name or stage == "train" or f"the result of {stage} in " in again.stdout, again.stdout
    assert "(network.weights.h5): made anew" in again.stdout and "checkpoint.npz is damaged" in again.stdout


OF_SITE = ("report.json", *(f"model/compact/{name}" for name in ("card.json", "model.json", "group1-*.bin")))
WITHOUT_LIST = (
    "emptied",
    "deleted",
    "garbage",
    "zeros",
    "a folder",
)  # elsewhere it may be only the script that is hurt


@pytest.mark.parametrize(
    ("name", "way"), [*((name, way) for name in OF_SITE for way in WAYS), *(("sw.js", way) for way in WITHOUT_LIST)]
)
def test_predict_answers_with_no_damaged_file_of_a_site(
    tiny: Build, tmp_path: Path, name: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    lay(site, {file: (tiny.site / file).read_bytes() for file in ("report.json", "sw.js")})
    shutil.copytree(tiny.site / "model", site / "model")
    assert read_card(site, "compact")["name"] == "compact"
    WAYS[way](next(site.glob(name)))
    assert main(["--site", str(site), "predict", str(tmp_path / "photo.jpg")]) == 1
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 2 and "python build.py" in said.err


@pytest.mark.parametrize("key", ["judgement", "classes", "self_test", "files"])
def test_predict_refuses_a_card_that_was_changed(tiny: Build, tmp_path: Path, key: str) -> None:
    shutil.copytree(tiny.site, tmp_path / "site")
    file = tmp_path / "site" / "model" / "compact" / "card.json"
    card = json.loads(file.read_text(encoding="utf-8"))
    del card[key]
    file.write_text(json.dumps(card, indent=1), encoding="utf-8")
    with pytest.raises(BuildError, match=r"card\.json is damaged"):
        read_card(tmp_path / "site", "compact")
