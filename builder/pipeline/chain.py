"""Runs stages, each in a folder named after a hash of everything its result depends on: settings, inputs and code."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from builder.config.config import Config
from builder.files.ownership import DONE, Files, files_of, replacing
from builder.files.result import Damaged, read_result
from builder.pipeline.stages import Stage
from builder.progress import console

# What a stage gets of earlier ones: the folder of a result, or folders in named fields, by names, or in a row.
Inputs = Any


class Chain:
    """Runs stages one after the other, each in a folder named after a hash of its dependencies.

    A stage depends on the bytes that earlier stages made, not on how they were made: if changed reading code reads the
    same photos, they are read again, but no network is trained again. A stage receives nothing that is not in its key:
    its inputs are keyed by content, its settings by value.
    """

    def __init__(self, config: Config, work: Path) -> None:
        self.config = config
        self.work = work
        self.ran: list[str] = []
        self._results: dict[Path, Files] = {}  # those made or checked in this run

    def with_config(self, config: Config) -> Chain:
        """The same chain with another config; both share the list of results already run and checked."""
        other = Chain(config, self.work)
        other.ran, other._results = self.ran, self._results
        return other

    def run(
        self,
        stage: Stage,
        inputs: Mapping[str, Inputs],
        settings: Mapping[str, Any],
        *,
        key: Any = None,
        network: str = "",
        part: str = "",
    ) -> Path:
        """Run the stage if its result is missing or damaged; returns the folder of the result.

        inputs, settings: the arguments of the stage's entry, by name. key: replaces the settings in the result's key,
        if some of them are not plain values or do not decide the result. network: the network that the stage is about,
        if any. part: a subfolder for the result, so that the stage can keep its checkpoint beside it.
        """
        folder, depends_on = self.place(stage, inputs, settings if key is None else key, network)
        folder /= part
        if folder in self._results or self._is_there(stage, folder, depends_on):
            return folder
        self.ran.append(stage.name)
        with replacing(folder, {"depends_on": depends_on}) as fresh:
            if stage.needs_tensorflow:
                self._start_tensorflow()
            module, _, entry = stage.entry.partition(":")
            getattr(importlib.import_module(module), entry)(**inputs, **settings, into=fresh)
        self._results[folder] = files_of(folder)
        return folder

    def place(self, stage: Stage, inputs: Mapping[str, Inputs], key: Any, network: str = "") -> tuple[Path, list[Any]]:
        """The folder of a stage's result, and the dependencies that it is named after."""
        read = [[name, self._read_by(stage, name, given)] for name, given in inputs.items()]
        depends_on = json.loads(json.dumps([stage.name, network, key, stage.code_key(network), read], default=asdict))
        digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()
        return self.work / stage.name / digest[:16], depends_on

    def _is_there(self, stage: Stage, folder: Path, depends_on: list[Any]) -> bool:
        """Whether the result exists and is unchanged; reports a damaged result."""
        if not (folder / DONE).exists():
            return False
        try:
            self._results[folder] = read_result(folder, depends_on)
        except Damaged as damaged:
            console.print(f"the result of {stage.name} in {folder} is damaged ({damaged}): made anew")
            return False
        return True

    def _read_by(self, stage: Stage, name: str, given: Inputs) -> Any:
        """The files that the stage reads of this input, each with a hash of its content."""
        if given is None:
            return None
        if isinstance(given, Path):
            result = self._results[given]
            return {file: result[file] for file in stage.reads.get(name, tuple(result))}
        if isinstance(given, Mapping):
            return [[label, self._read_by(stage, name, each)] for label, each in given.items()]
        if isinstance(given, Sequence):
            return [self._read_by(stage, name, each) for each in given]
        named = {field.name: getattr(given, field.name) for field in fields(given)}
        return {inner: self._read_by(stage, inner, folder) for inner, folder in named.items()}

    def _start_tensorflow(self) -> None:
        """Set up the devices or machines for training; this must happen before TensorFlow uses a device."""
        from builder.train.machines import strategy_of

        strategy_of(self.config.machines)
