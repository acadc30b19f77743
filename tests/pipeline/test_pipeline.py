"""What a stage depends on: what it reads, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.config.read import read_config
from builder.pipeline.chain import Chain
from builder.pipeline.stages import AUGMENT, SPLIT, TRAIN, Stage
from tests.conftest import REPOSITORY

CONFIG = read_config(REPOSITORY / "config.toml")


DATA = Stage("data", "tests.pipeline.test_pipeline:lay_photos")
TRAIN_NOTHING = Stage("train", "tests.pipeline.test_pipeline:train_nothing", TRAIN.reads)


def lay_photos(photos: Mapping[str, str], notes: str, into: Path) -> None:
    rows = [[f"photo {n}", photos.get(f"photo {n}", f"lesion {n}"), ("mel", "nv")[n % 2], ""] for n in range(12)]
    with open(into / "photos.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image_id", "lesion_id", "code", "part"], *rows])
    (into / "details.csv").write_text("size,sex\n" + f"600x450,{len(notes)}\n" * 12, encoding="utf-8")
    (into / "about.json").write_text(f'{{"notes": {notes}}}', encoding="utf-8")
    np.save(into / "pixels.npy", np.zeros((12, 75, 100, 3), np.uint8))


def train_nothing(photos: Path, split: Path, copies: Path, into: Path) -> None:
    (into / "network").write_text("trained", encoding="utf-8")


def chain_up_to_training(work: Path, photos: Mapping[str, str], notes: str = "[]", split: Stage = SPLIT) -> Path:
    """Run split, augment and a training of nothing on photos of three lesions a kind; returns training's folder."""
    chain = Chain(CONFIG, work)
    inputs = {"photos": chain.run(DATA, {}, {"photos": photos, "notes": notes})}
    inputs["split"] = chain.run(split, inputs, {"rules": CONFIG.split})
    inputs["copies"] = chain.run(AUGMENT, inputs, {"rules": CONFIG.augment})
    return chain.run(TRAIN_NOTHING, inputs, {})


def test_what_only_the_report_tells_does_not_train_the_network_again(tmp_path: Path) -> None:
    trained = chain_up_to_training(tmp_path, {})
    assert chain_up_to_training(tmp_path, {}, notes='["another note"]') == trained


def test_another_wording_of_the_split_rule_does_not_train_the_network_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = chain_up_to_training(tmp_path, {})
    monkeypatch.setattr("builder.split._in_words", lambda *_: "in other words")
    another = replace(SPLIT, libraries=("of another version",))
    again = chain_up_to_training(tmp_path, {}, split=another)
    assert len(list(tmp_path.glob("split/*"))) == 2
    assert again == trained


def test_photos_that_share_a_lesion_train_the_network_again(tmp_path: Path) -> None:
    trained = chain_up_to_training(tmp_path, {})
    assert chain_up_to_training(tmp_path, {"photo 0": "lesion 2"}) != trained
