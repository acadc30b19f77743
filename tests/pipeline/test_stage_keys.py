"""No result is stale: whatever can decide what a stage leaves is in its key."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grimp
import numpy as np
import pytest

from builder.classes import CODES
from builder.config.read import read_config
from builder.files import code
from builder.files.code import code_key, libraries_of, reachable, versions_of
from builder.pipeline import stages
from builder.pipeline.chain import Chain
from builder.pipeline.network_stages import gather, training_key
from builder.pipeline.stages import CALIBRATE, EVALUATE, EXPORT, GATHER, OOD, SEARCH, SPLIT, TRAIN, Stage
from tests.conftest import REPOSITORY
from tests.photo_sets import arrays, lay, photo, table

STAGES = {name: stage for name, stage in vars(stages).items() if isinstance(stage, Stage)}
every_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
NETWORK = "grayscale"  # which builds on another
CONFIG = REPOSITORY / "config.toml"
NAME_OF_FILE = re.compile(r"[\w.-]+\.\w+")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(REPOSITORY / "builder", folder / "builder", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("web_template", "package-lock.json"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


@pytest.fixture
def copy(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program once more, to be changed: keys are now those of this copy."""
    monkeypatch.setattr(code, "REPOSITORY", copied)
    return copied


def changed_by(file: Path, change: Callable[[str], str], *of: Stage) -> list[bool]:
    """Whether such a change of a file changes the key of each of these stages."""
    text, before = file.read_text(encoding="utf-8"), [stage.code_key(NETWORK) for stage in of]
    assert change(text) != text
    file.write_text(change(text), encoding="utf-8")
    after = [stage.code_key(NETWORK) for stage in of]
    file.write_text(text, encoding="utf-8")
    return [one != other for one, other in zip(before, after, strict=True)]


def file_of(root: Path, module: str) -> Path:
    place = root.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def reached_by(graph: grimp.ImportGraph, stage: Stage) -> set[str]:
    """The modules that the stage can reach, as another program reads the imports."""
    own = set(stage.modules(NETWORK))
    reached = own.union(*(graph.find_upstream_modules(module) for module in own))
    return reached | {package for module in reached for package in packages_of(module)}  # Python runs these first


def packages_of(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def test_every_module_that_a_stage_can_reach_changes_its_key(copy: Path) -> None:
    graph = grimp.build_graph("builder", cache_dir=None)
    reached = {name: reached_by(graph, stage) for name, stage in STAGES.items()}
    assert min(map(len, reached.values())) > 10
    unnoticed = []
    for module in sorted(set().union(*reached.values())):
        of = {name: replace(stage, files=()) for name, stage in STAGES.items() if module in reached[name]}
        noticed = changed_by(file_of(copy, module), lambda text: f"{text}\nWAS_CHANGED = True\n", *of.values())
        unnoticed += [(module, name) for name, was_noticed in zip(of, noticed, strict=True) if not was_noticed]
    assert unnoticed == []


@every_stage
def test_every_file_that_is_no_python_and_that_a_stage_reads_changes_its_key(stage: Stage, copy: Path) -> None:
    """A stage reads a file that lies beside a module which names it, and folders by the names that folders.py gives."""
    stands_for = {"TEMPLATES": "web_template", "NODE_MODULES": "package-lock.json"}
    named = set()
    for module in reachable(stage.modules()) - {"builder.folders"}:
        file = file_of(REPOSITORY, module)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and node.id in stands_for:
                named.add(stands_for[node.id])
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME_OF_FILE.fullmatch(node.value):
                beside = file.parent / node.value
                named |= {beside.relative_to(REPOSITORY).as_posix()} if beside.is_file() else set()
    covered = {name for name in named for held in stage.files if name == held or held.startswith(f"{name}/")}
    assert {name for name in named if not name.endswith(".py")} <= covered
    for name in stage.files:
        file = copy / name
        if file.is_file() and not file.is_symlink():
            assert changed_by(file, lambda text: f"{text}\n", stage) == [True]


def test_comments_docstrings_and_layout_change_no_key(copy: Path) -> None:
    def reworded(text: str) -> str:
        return text.replace('"""', '"""In other words: ', 1).replace("\n\n\n", "\n\n\n# A remark.\n")

    for module in ("builder.split", "builder.photo.size", "builder.network"):
        assert changed_by(file_of(copy, module), reworded, *STAGES.values()) == [False] * len(STAGES)


def test_what_a_photo_may_be_at_most_is_in_the_key_of_the_card(copy: Path) -> None:
    def less(text: str) -> str:
        return text.replace("MAX_MEGAPIXELS = 80", "MAX_MEGAPIXELS = 60")

    assert changed_by(copy / "builder" / "photo" / "size.py", less, EXPORT) == [True]


def test_which_classes_are_malignant_is_in_the_keys_of_threshold_and_figures(copy: Path) -> None:
    def more(text: str) -> str:
        return text.replace("is_malignant=False", "is_malignant=True", 1)

    assert changed_by(copy / "builder" / "classes.py", more, CALIBRATE, EVALUATE, EXPORT) == [True] * 3


def test_on_what_machines_networks_train_is_in_the_key_of_a_search_too(copy: Path) -> None:
    def otherwise(text: str) -> str:
        return text.replace('"float32")', '"float64")')

    assert changed_by(copy / "builder" / "train" / "machines.py", otherwise, TRAIN, SEARCH) == [True] * 2


@pytest.mark.parametrize(
    ("package", "stage"),
    [
        ("tensorflow-cpu", TRAIN), ("tf_keras", TRAIN), ("h5py", TRAIN), ("numpy", TRAIN), ("tf_keras", CALIBRATE),
        ("scikit-learn", CALIBRATE), ("scipy", CALIBRATE), ("scikit-learn", OOD), ("pillow", OOD), ("numpy", SPLIT),
        ("scipy", EVALUATE), ("scikit-learn", EVALUATE), ("tensorflowjs", EXPORT), ("pillow", GATHER),
        ("simplejpeg", GATHER),
    ],
)  # fmt: skip
def test_the_version_of_a_library_that_decides_a_result_is_in_its_key(
    package: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, installed = stage.code_key(NETWORK), code._version
    monkeypatch.setattr(code, "_version", lambda name: "0.0.1" if name == package else installed(name))
    versions_of.cache_clear()
    after = stage.code_key(NETWORK)
    versions_of.cache_clear()
    assert after != before


def is_installed(library: str) -> bool:
    return library in sys.modules or importlib.util.find_spec(library) is not None  # tensorflowjs is stepped into


@every_stage
def test_the_version_of_every_library_that_a_stage_can_use_is_known(stage: Stage) -> None:
    used = {*libraries_of(reachable(stage.modules(NETWORK))), *stage.libraries}
    assert [name for name in sorted(used) if is_installed(name) and not versions_of(name)] == []


def test_another_arithmetic_of_tensorflow_changes_what_it_computes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [stage.code_key() for stage in (TRAIN, EVALUATE, SPLIT)]
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    after = [stage.code_key() for stage in (TRAIN, EVALUATE, SPLIT)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, False]


def test_how_many_workers_share_a_batch_is_in_the_key_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(CONFIG, settings=["machines.devices=workers"])

    def key(workers: int, index: int) -> object:
        addresses = [f"worker-{number}.example:2222" for number in range(workers)]
        said = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(said))
        return training_key(config, config.network_of("compact"))

    assert key(2, 0) == key(2, 1) != key(3, 0)


def photos_with_two_tables() -> dict[str, bytes]:
    header = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]
    rows = [[f"HAM_{n:07d}", f"ISIC_{n:07d}", CODES[n % 7], "histo", "50", "", ""] for n in range(28)]
    photos = {f"ISIC_{n:07d}.jpg": photo(n) for n in range(28)}
    return {**photos, "first.csv": table([header, *rows[:27]]), "second.csv": table([header, *rows[1:]])}


@pytest.mark.parametrize("kind", ["arrays", "tables"])
def test_two_sources_in_one_folder_are_not_taken_for_each_other(tmp_path: Path, kind: str) -> None:
    if kind == "arrays":
        folder = arrays(tmp_path / "set")
        np.save(folder / "X_g.npy", np.load(folder / "X.npy")[::-1].mean(axis=3).astype(np.uint8))
        names = ("X.npy", "X_g.npy")
    else:
        folder, names = lay(tmp_path / "set", photos_with_two_tables()), ("first.csv", "second.csv")
    results = []
    for name in names:
        config = read_config(CONFIG, source=str(folder / name))
        results.append(gather(Chain(config, tmp_path / "work")) / "pixels.npy")
    assert results[0].read_bytes() != results[1].read_bytes()


@every_stage
def test_a_stage_is_given_nothing_but_what_is_in_its_key(stage: Stage) -> None:
    """Neither the whole config, of which it might read any part, nor what is not named."""
    module, _, entry = stage.entry.partition(":")
    taken = inspect.signature(getattr(importlib.import_module(module), entry)).parameters.values()
    assert "into" in [each.name for each in taken]
    assert not any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in taken)
    assert "Config" not in [each.annotation for each in taken]


def test_code_that_is_not_there_has_no_key() -> None:
    with pytest.raises(ModuleNotFoundError):
        code_key(["builder.nowhere"])
