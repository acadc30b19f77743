"""A release: made from a finished build on photos, the same bytes each time, and a site rendered from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builder.config.read import read_config
from builder.errors import BuildError
from builder.files.ownership import files_of
from builder.folders import Folders, NetworkResults
from builder.pipeline.record import photos_learned_from, refuse_if_outdated
from builder.release.terms import licence_text
from builder.release.write import refuse_unfit
from tests.conftest import REPOSITORY, Build, run_command
from tests.photo_sets import ham_rows, lay, photo, table

SETTINGS = (
    "--set", "training.epochs=1", "--set", "evaluation.resamples=20", "--set", "cnn.convolutions=1",
    "--set", "site.networks=compact,cnn",
)  # fmt: skip
FIRST = ("--set", "site.networks=compact,cnn")
# Runs a command as on a machine where only `base` and `page` are set up.
WITHOUT_TENSORFLOW = """
import sys
sys.modules.update(dict.fromkeys(["tensorflow", "tf_keras", "tensorflowjs", "h5py", "keras", "skimage"]))
from builder.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos laid out as HAM10000 is, 84 of them."""
    rows = ham_rows(84)
    photos = {f"HAM10000_images_part_1/{row[1]}.jpg": photo(place) for place, row in enumerate(rows[1:])}
    return lay(tmp_path_factory.mktemp("source") / "ham", {**photos, "HAM10000_metadata.csv": table(rows)})


@pytest.fixture(scope="module")
def built(trains: None, little_work: None, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("built")
    done = run_command("--work", folder / "work", "--site", folder / "site", "--data", source, *SETTINGS)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(folder / "work", folder / "site", done.stdout)


def release(built: Build, into: Path) -> subprocess.CompletedProcess[str]:
    return run_command("release", "--work", built.work, "--site", built.site, "--out", into)


@pytest.fixture(scope="module")
def trained(built: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the released networks."""
    folder = tmp_path_factory.mktemp("released") / "trained"
    done = release(built, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def without_tensorflow(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shown(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A site that was built from the release where TensorFlow cannot be imported."""
    folder = tmp_path_factory.mktemp("shown")
    done = without_tensorflow(f"--trained={trained}", "--work", folder / "work", "--site", folder / "site", *FIRST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Licence of the data it learned from, HAM10000: CC BY-NC 4.0: not for commercial use." in done.stdout
    return Folders(folder / "work", folder / "site")


def test_a_site_from_a_release_needs_no_tensorflow_and_is_the_one_that_training_made(
    built: Build, shown: Folders
) -> None:
    assert files_of(shown.site) == files_of(built.site) != {}


def test_two_releases_of_a_build_are_the_same_bytes(built: Build, trained: Path, tmp_path: Path) -> None:
    assert release(built, tmp_path / "trained").returncode == 0
    names = [file.relative_to(trained) for file in sorted(trained.rglob("*")) if file.is_file()]
    assert len(names) > 20
    assert all((tmp_path / "trained" / name).read_bytes() == (trained / name).read_bytes() for name in names)


def test_a_release_holds_no_photo_and_no_path(built: Build, source: Path, trained: Path) -> None:
    originals = [file.read_bytes() for file in source.rglob("*.jpg")]
    for file in filter(Path.is_file, trained.rglob("*")):
        assert file.suffix in (".json", ".csv", ".gz", ".toml", ".md", ".bin", "")
        content = file.read_bytes()
        assert not any(original in content for original in originals)
        for name in (built.work.parent.name, source.parent.name, str(Path.home()), str(REPOSITORY)):
            assert name.encode() not in content, f"{file}: {name}"


def test_a_release_says_what_it_was_made_from_and_by_what(trained: Path) -> None:
    provenance = json.loads((trained / "compact" / "provenance.json").read_text(encoding="utf-8"))
    assert (provenance["data"]["source"], provenance["data"]["licence"]) == ("ham10000", "CC BY-NC 4.0")
    assert sum(part["photos"] for part in provenance["parts"].values()) == provenance["data"]["photos"] == 84
    assert provenance["training"]["epochs"] == 1 and provenance["training"]["time"]["epochs_timed"] == 1
    assert provenance["machine"]["cores"] and provenance["libraries"]["numpy"]
    assert provenance["command"] == "python build.py --config trained/compact/config.toml --data SOURCE"
    assert "creativecommons.org/licenses/by-nc/4.0" in (trained / "compact" / "LICENSE").read_text(encoding="utf-8")
    assert "Tschandl" in (trained / "compact" / "CITATION.md").read_text(encoding="utf-8")


def test_data_of_no_known_licence_are_said_to_be_so() -> None:
    text = licence_text({"title": "photos in class folders", "licence": None})
    assert "The licence of these data: not stated" in text and "creativecommons" not in text


def test_the_photos_of_a_release_are_known_to_evaluate_with_their_parts(built: Build, shown: Folders) -> None:
    of_training, of_release = photos_learned_from(Folders(built.work, built.site)), photos_learned_from(shown)
    assert of_release == of_training and set(of_release) == {"compact", "cnn"}
    assert {each.part for each in of_release["compact"]} == {"training", "validation", "test"}


@pytest.mark.parametrize("network", ["compact", "cnn"])
def test_the_config_of_a_release_trains_the_same_network(trained: Path, source: Path, network: str) -> None:
    settings = [setting for setting in SETTINGS if setting != "--set"]
    asked = read_config(REPOSITORY / "config.toml", source=str(source), settings=settings)
    released = read_config(trained / network / "config.toml", source=str(source))
    assert released.network_of(network).settings == asked.network_of(network).settings
    assert (released.split, released.evaluation, released.search) == (asked.split, asked.evaluation, asked.search)
    assert released.site.networks == (network,)


def test_a_site_from_a_release_is_a_last_build_that_publish_takes(shown: Folders) -> None:
    assert refuse_if_outdated(shown)["finished"]


def test_the_networks_of_a_release_answer_in_the_order_of_the_config(trained: Path, tmp_path: Path) -> None:
    folders = ("--work", tmp_path / "work", "--site", tmp_path / "site")
    assert run_command(f"--trained={trained}", *folders, "--set", "site.networks=cnn,compact").returncode == 0
    assert list(Build(tmp_path / "work", tmp_path / "site", "").report["networks"]) == ["cnn", "compact"]


def test_a_network_that_was_not_released_is_left_out_unless_it_is_named(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "compact", tmp_path / "trained" / "compact")
    arguments = (f"--trained={tmp_path / 'trained'}", "--work", tmp_path / "work", "--site", tmp_path / "site")
    assert run_command(*arguments).returncode == 0
    assert list(Build(tmp_path / "work", tmp_path / "site", "").report["networks"]) == ["compact"]
    problem, remedy = run_command(*arguments, *FIRST).stderr.splitlines()
    assert "no trained network" in problem and problem.rstrip(".").endswith("cnn") and "build.py release" in remedy


@pytest.mark.parametrize(("damage", "words"), [
    (shutil.rmtree, "no trained network"),
    (lambda folder: (folder / "figures.json").write_text("{}"), "figures.json is damaged"),
    (lambda folder: (folder / "photos.csv.gz").unlink(), "photos.csv.gz is damaged"),
    (lambda folder: (folder / "done.json").unlink(), "done.json is damaged"),
])  # fmt: skip
def test_a_release_that_is_missing_or_damaged_is_refused(trained: Path, tmp_path: Path, damage, words: str) -> None:
    shutil.copytree(trained / "compact", tmp_path / "trained" / "compact")
    damage(tmp_path / "trained" / "compact")
    done = run_command(
        f"--trained={tmp_path / 'trained'}", "--work", tmp_path / "work", "--site", tmp_path / "site",
        "--set", "site.networks=compact",
    )  # fmt: skip
    assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("option", [("--data", "demo"), ("--folds", "3"), ("--measure-leakage",)])
def test_what_is_about_training_goes_not_with_trained(trained: Path, tmp_path: Path, option: tuple[str, ...]) -> None:
    done = run_command(f"--trained={trained}", "--work", tmp_path / "w", "--site", tmp_path / "s", *option)
    assert done.returncode == 1 and f"{option[0]} is about training" in done.stderr


def test_a_site_that_was_not_trained_here_is_not_released(shown: Folders, tmp_path: Path) -> None:
    done = run_command("release", "--work", shown.work, "--site", shown.site, "--out", tmp_path / "trained")
    assert done.returncode == 1 and "were not trained here" in done.stderr
    assert not (tmp_path / "trained").exists()


@pytest.mark.parametrize(("change", "words"), [
    (lambda built: (built.work / "last_build.json").unlink(), "no built site"),
    (lambda built: (built.site / "done.json").unlink(), "is not what the last build"),
    (lambda built: (next(built.work.glob("export/*/export.json"))).write_text("{}"), "is damaged"),
    (lambda built: (next(built.work.glob("data/*/pixels.npy"))).unlink(), "are not there any more"),
])  # fmt: skip
def test_a_build_that_is_not_whole_is_not_released(built: Build, tmp_path: Path, change, words: str) -> None:
    copy = Build(tmp_path / "work", tmp_path / "site", "")
    shutil.copytree(built.work, copy.work)
    shutil.copytree(built.site, copy.site)
    change(copy)
    done = release(copy, tmp_path / "trained")
    assert done.returncode == 1 and words in done.stderr
    assert not (tmp_path / "trained").exists()


def results_with(folder: Path, *, is_demo: bool, change: float) -> NetworkResults:
    lay(folder, {
        "figures.json": json.dumps({"data": {"is_demo": is_demo}}).encode(),
        "export.json": json.dumps({"weights": "mixed", "largest_probability_change": change}).encode(),
    })  # fmt: skip
    return NetworkResults(*[folder] * 5)


@pytest.mark.parametrize(("is_demo", "change", "words"), [
    (True, 0.001, "learned from drawn images"), (False, 0.0101, "changed a probability by 0.0101"),
    (False, float("nan"), "changed a probability"),
])  # fmt: skip
def test_a_network_of_drawings_or_one_that_storing_changed_is_not_released(
    tmp_path: Path, is_demo: bool, change: float, words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        refuse_unfit("compact", results_with(tmp_path, is_demo=is_demo, change=change))
    refuse_unfit("compact", results_with(tmp_path, is_demo=False, change=0.01))


def test_without_the_folder_of_trained_networks_the_way_to_one_is_named(tmp_path: Path) -> None:
    done = without_tensorflow(f"--trained={tmp_path / 'no'}", "--work", tmp_path / "w", "--site", tmp_path / "s")
    problem, remedy = done.stderr.splitlines()
    assert done.returncode == 1 and "no trained network in" in problem and "python build.py --data SOURCE" in remedy
