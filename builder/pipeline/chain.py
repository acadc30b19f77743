"""Runs stages, each in a folder named after all that its result depends on: settings, inputs, and code."""

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
    """Runs stages one after the other, each in a folder named after a hash of what it depends on.

    A stage depends on what the stages before it made, byte for byte, not on how: a change in the code that reads
    photos, which reads them all the same, costs a reading but no training. It gets nothing that is not in its key: its
    inputs are there by their content, its settings by their values.
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
        stage: Stage,
        inputs: Mapping[str, Inputs],
        settings: Mapping[str, Any],
        *,
        key: Any = None,
        network: str = "",
        part: str = "",
    ) -> Path:
        """Run the stage if its result is not there yet, or is damaged; returns the folder of the result.

        inputs, settings: what the stage's entry takes by these names. key: stands for the settings in the result's
        key, where some of them are no plain values or do not decide the result. network: the one that the stage is
        about, if it is about one. part: a folder in the stage's own, which can then keep what it goes on from beside
        its result.
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
        """The folder of a stage's result, and what it depends on."""
        read = [[name, self._read_by(stage, name, given)] for name, given in inputs.items()]
        depends_on = json.loads(json.dumps([stage.name, network, key, stage.code_key(network), read], default=asdict))
        digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()
        return self.work / stage.name / digest[:16], depends_on

    def _is_there(self, stage: Stage, folder: Path, depends_on: list[Any]) -> bool:
        """Whether the result is there as the stage has left it; where it is damaged, say so."""
        if not (folder / DONE).exists():
            return False
        try:
            self._results[folder] = read_result(folder, depends_on)
        except Damaged as damaged:
            console.print(f"the result of {stage.name} in {folder} is damaged ({damaged}): made anew")
            return False
        return True

    def _read_by(self, stage: Stage, name: str, given: Inputs) -> Any:
        """Of the input of that name the files that the stage reads, each with a hash of its content."""
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
        """Before anything touches a device: what networks are trained on may have to be brought together first."""
        from builder.train.machines import strategy_of

        strategy_of(self.config.machines)
