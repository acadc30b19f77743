"""Runs stages, each in a folder named after all that its result depends on: settings, inputs, and code."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.config import Config

REPOSITORY = Path(__file__).parent.parent
DONE = "done.json"  # written last into a stage's folder: without it, the stage did not finish
HASHED_AT_ONCE_BYTES = 1 << 20

SHARED_BY_NETWORKS = "builder/network/__init__.py"
ANSWERING = (SHARED_BY_NETWORKS, "builder/fuse.py")
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
    "train": ("builder/train", "builder/machines.py", SHARED_BY_NETWORKS),
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
    "leakage-train": ("builder/train", "builder/machines.py", SHARED_BY_NETWORKS),
    "leakage": ("builder/leakage.py", "builder/evaluate", *ANSWERING),
    "export": (
        "builder/export.py",
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
        # The scripts by which the page answers too.
        *(
            f"web_template/js/{name}.js"
            for name in ("bytes", "scripts", "store", "weights", "backend", "scope", "network")
        ),
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
    "data": {"data": ("photos.csv", "details.csv", "about.json")},
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


class Chain:
    """Runs stages one after the other, each in a folder named after a hash of what it depends on.

    A stage depends on what the stages before it made, byte for byte, not on how: a change in the code that reads
    photos, which reads them all the same, costs a reading but no training.
    """

    def __init__(self, config: Config, work: Path) -> None:
        self.config = config
        self.work = work
        self.ran: list[str] = []

    def run(
        self,
        stage: str,
        settings: Any,
        step: Callable[..., None],
        *inputs: Path,
        network: str = "",
        part: str = "",
    ) -> Path:
        """Run `step` if its result is not there yet; returns the folder of the result.

        network: the one that the stage is about, if it is about one. part: a folder in the stage's own, which can then
        keep what the step goes on from beside its result.
        """
        folder, depends_on = self.place(stage, settings, *inputs, network=network)
        folder /= part
        if (folder / DONE).exists():
            return folder
        self.ran.append(stage)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        step(*inputs, config=self.config, into=folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        result = {file.relative_to(folder).as_posix(): content_hash(file) for file in files}
        (folder / DONE).write_text(json.dumps({"depends_on": depends_on, "result": result}, indent=1), encoding="utf-8")
        return folder

    def place(self, stage: str, settings: Any, *inputs: Path, network: str = "") -> tuple[Path, list[Any]]:
        """The folder of a stage's result, and what it depends on."""
        code = _code_hash(stage, self.config, network)
        depends_on = [stage, network, settings, code, [self._read_by(stage, of) for of in inputs]]
        return self.work / stage / _hash(json.dumps(depends_on, sort_keys=True).encode()), depends_on

    def _read_by(self, stage: str, folder: Path) -> dict[str, str]:
        """The files that `stage` reads in the folder of an earlier stage, each with a hash of its content."""
        result: dict[str, str] = json.loads((folder / DONE).read_text(encoding="utf-8"))["result"]
        wanted = READS.get(stage, {}).get(folder.relative_to(self.work).parts[0], tuple(result))
        return {name: result[name] for name in wanted}


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


def content_hash(path: Path) -> str:
    """A hash of a file, or of the names and contents of all files in a folder; not of what Python compiled there."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
            with open(file, "rb") as content:
                while block := content.read(HASHED_AT_ONCE_BYTES):
                    digest.update(block)
    return digest.hexdigest()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
