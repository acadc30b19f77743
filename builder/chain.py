"""Runs stages, each in a folder named after all that its result depends on: settings, inputs, and code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.config import Config
from builder.ownership import DONE, Files, changed_in, content_hash, files_of, replacing
from builder.progress import console
from builder.whole_files import read_json

REPOSITORY = Path(__file__).parent.parent

SHARED_BY_NETWORKS = "builder/network/__init__.py"
ANSWERING = (SHARED_BY_NETWORKS, "builder/fuse.py")
TRAINING = ("builder/train", "builder/checkpoint.py", "builder/machines.py", SHARED_BY_NETWORKS)
# The code that decides each stage's result, beside the file of the network it is about; a change runs it again.
DRAWINGS = ("builder/data/demo.py", "builder/data/demo_signs.py", "builder/data/demo_texture.py")
CODE = {
    "data": (
        "builder/data/__init__.py",
        "builder/data/pixel_file.py",
        "builder/preprocess.py",
        "builder/plain_jpeg.py",
        "builder/classes.py",
    ),
    "split": ("builder/split.py",),
    "augment": ("builder/augment.py",),
    "train": TRAINING,
    "calibrate": ("builder/calibrate.py", *ANSWERING),
    "scope": (
        "builder/scope",
        "builder/quality.py",
        *ANSWERING,
        "builder/evaluate/bootstrap.py",
        "builder/evaluate/ranking.py",
        "builder/preprocess.py",
        *DRAWINGS,
    ),
    "evaluate": ("builder/evaluate", "builder/calibrate.py", *ANSWERING),
    "search-split": ("builder/search/fold.py", "builder/split.py"),
    "search": ("builder/search", "builder/augment.py", "builder/train", "builder/evaluate", *ANSWERING),
    "folds": ("builder/folds.py",),
    "leakage-split": ("builder/leakage.py", "builder/split.py"),
    "leakage-train": TRAINING,
    "leakage": ("builder/leakage.py", "builder/evaluate", *ANSWERING),
    "export": (
        "builder/export.py",
        "builder/card.py",
        "builder/card.schema.json",
        "builder/equalize.py",
        "builder/calibrate.py",
        "builder/tensorflowjs_writer.py",
        "builder/scope/detector.py",
        "builder/explain.py",
        *ANSWERING,
        "builder/twins.py",
        "builder/classes.py",
        *DRAWINGS,
    ),
    "times": (
        "builder/leaderboard/times.py",
        "builder/leaderboard/times.js",
        "web_template/js/network",
        "web_template/js/site",
        "builder/scripts.py",
        "builder/tensorflowjs_files.py",
        "package-lock.json",
    ),
    "board": (
        "builder/leaderboard/__init__.py",
        "builder/leaderboard/board.py",
        "builder/compare.py",
        "builder/evaluate",
        "builder/classes.py",
    ),
    "render": (
        "builder/render.py",
        "builder/scripts.py",
        "builder/tensorflowjs_files.py",
        "builder/leaderboard/__init__.py",
        "builder/leaderboard/page.py",
        "builder/leaderboard/leaderboard.schema.json",
        "builder/verdict.py",
        "builder/offline.py",
        "builder/precache.mjs",
        "builder/icons.py",
        "builder/messages.py",
        "builder/words.py",
        "builder/classes.py",
        "builder/citations.py",
        "builder/kinds.py",
        "builder/samples.py",
        "builder/search_engines.py",
        "builder/twins.py",
        *DRAWINGS,
        "builder/report.schema.json",
        "builder/formatting.py",
        "builder/plots",
        "builder/report_pages.py",
        "web_template",
        "package-lock.json",
    ),
}
# Of what an earlier stage has left, the files that a stage reads; where nothing is said, all of them. A change in any
# other, such as in what only the report tells, does not run it again.
LABELLED_PIXELS = ("pixels.npy", "photos.csv")
READS: dict[str, dict[str, tuple[str, ...]]] = {
    "data": {"data": ("photos.csv", "details.csv", "about.json", "names.json")},
    "split": {"data": ("photos.csv", "about.json")},
    "augment": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "train": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "calibrate": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "scope": {"data": (*LABELLED_PIXELS, "details.csv"), "split": ("parts.npy",)},
    "evaluate": {"data": (*LABELLED_PIXELS, "details.csv", "about.json")},
    "folds": {"data": ("photos.csv",), "evaluate": ("figures.json", "predictions.csv")},
    "search-split": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "search": {"data": LABELLED_PIXELS},
    "leakage-split": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "leakage-train": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "leakage": {"data": LABELLED_PIXELS, "split": ("parts.npy",)},
    "export": {"data": LABELLED_PIXELS, "split": ("parts.npy",), "evaluate": ("limits.json",)},
    "board": {"evaluate": ("figures.json", "predictions.csv"), "export": ("export.json",)},
}
DATA_CODE = {
    True: DRAWINGS,
    False: tuple(
        f"builder/data/{name}.py"
        for name in (
            "sources",
            "anonymous",
            "listing",
            "photo_files",
            "tables",
            "ham10000",
            "isic2018",
            "class_folders",
            "arrays",
            "medmnist",
            "npy_header",
            "ingest",
            "near_identical",
        )
    ),
}


class Damaged(Exception):
    """A result is not as its stage has left it; says which file of it."""


class Chain:
    """Runs stages one after the other, each in a folder named after a hash of what it depends on.

    A stage depends on what the stages before it made, byte for byte, not on how: a change in the code that reads
    photos, which reads them all the same, costs a reading but no training.
    """

    def __init__(self, config: Config, work: Path) -> None:
        self.config = config
        self.work = work
        self.ran: list[str] = []
        self._results: dict[Path, Files] = {}  # those made or checked in this run

    def with_config(self, config: Config) -> Chain:
        """The same chain, to go on by another config: what it has run and checked is known to both."""
        other = Chain(config, self.work)
        other.ran, other._results = self.ran, self._results
        return other

    def run(
        self,
        stage: str,
        settings: Any,
        step: Callable[..., None],
        *inputs: Path,
        network: str = "",
        part: str = "",
    ) -> Path:
        """Run `step` if its result is not there yet, or is damaged; returns the folder of the result.

        network: the one that the stage is about, if it is about one. part: a folder in the stage's own, which can then
        keep what the step goes on from beside its result.
        """
        folder, depends_on = self.place(stage, settings, *inputs, network=network)
        folder /= part
        if folder in self._results or self._is_there(stage, folder, depends_on):
            return folder
        self.ran.append(stage)
        with replacing(folder, {"depends_on": depends_on}) as fresh:
            step(*inputs, config=self.config, into=fresh)
        self._results[folder] = files_of(folder)
        return folder

    def place(self, stage: str, settings: Any, *inputs: Path, network: str = "") -> tuple[Path, list[Any]]:
        """The folder of a stage's result, and what it depends on."""
        code = _code_hash(stage, self.config, network)
        depends_on = [stage, network, settings, code, [self._read_by(stage, of) for of in inputs]]
        return self.work / stage / _hash(json.dumps(depends_on, sort_keys=True).encode()), depends_on

    def _is_there(self, stage: str, folder: Path, depends_on: list[Any]) -> bool:
        """Whether the result is there as the stage has left it; where it is damaged, say so."""
        if not (folder / DONE).exists():
            return False
        try:
            self._results[folder] = read_result(folder, depends_on)
        except Damaged as damaged:
            console.print(f"the result of {stage} in {folder} is damaged ({damaged}): made anew")
            return False
        return True

    def _read_by(self, stage: str, folder: Path) -> dict[str, str]:
        """The files that `stage` reads in the folder of an earlier stage, each with a hash of its content."""
        result = self._results[folder]
        wanted = READS.get(stage, {}).get(folder.relative_to(self.work).parts[0], tuple(result))
        return {name: result[name] for name in wanted}


def read_result(folder: Path, depends_on: list[Any] | None = None) -> Files:
    """What a stage has left in `folder`, every file read and compared with its hash; raises Damaged.

    depends_on: what it must have been made from, if that is known.
    """
    try:
        done = read_json(folder / DONE)
        is_its_own = depends_on is None or done["depends_on"] == json.loads(json.dumps(depends_on))
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(DONE) from error
    result = files_of(folder)
    if not result or not is_its_own:
        raise Damaged(DONE)
    if changed := changed_in(folder):
        raise Damaged(changed[0])
    return result


def _code_hash(stage: str, config: Config, network: str) -> str:
    names = [*CODE[stage], *(DATA_CODE[config.is_demo] if stage == "data" else ())]
    if network:
        names += files_of_network(network)
    return _hash("".join(content_hash(REPOSITORY / name) for name in names).encode())


def files_of_network(name: str) -> list[str]:
    """The network's own file, and those of other networks that it builds on."""
    file = f"builder/network/{name}.py"
    builds_on = re.findall(
        r"^from builder\.network\.(\w+) import", (REPOSITORY / file).read_text("utf-8"), re.MULTILINE
    )
    return [file, *(other for on in builds_on for other in files_of_network(on))]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
