"""What a stage depends on: what it reads, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from builder.config.read import read_config
from builder.pipeline.chain import Chain, files_of_network
from builder.split import split_photos
from builder.train.augmented_copies import augment_training
from tests.conftest import REPOSITORY

CONFIG = read_config(REPOSITORY / "config.toml")


def chain_up_to_training(work: Path, photos: Mapping[str, str], notes: str = "[]") -> Path:
    """Run split, augment and a training of nothing on photos of three lesions a kind; returns training's folder."""
    chain = Chain(CONFIG, work)

    def data(config: object, into: Path) -> None:
        rows = [[f"photo {n}", photos.get(f"photo {n}", f"lesion {n}"), ("mel", "nv")[n % 2], ""] for n in range(12)]
        with open(into / "photos.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["image_id", "lesion_id", "code", "part"], *rows])
        (into / "details.csv").write_text("size,sex\n" + f"600x450,{len(notes)}\n" * 12, encoding="utf-8")
        (into / "about.json").write_text(f'{{"notes": {notes}}}', encoding="utf-8")
        np.save(into / "pixels.npy", np.zeros((12, 75, 100, 3), np.uint8))

    def train(*inputs: Path, config: object, into: Path) -> None:
        (into / "network").write_text("trained", encoding="utf-8")

    gathered = chain.run("data", [notes, dict(photos)], data)
    split = chain.run("split", asdict(CONFIG.split), split_photos, gathered)
    augmented = chain.run("augment", asdict(CONFIG.augment), augment_training, gathered, split)
    return chain.run("train", {}, train, gathered, split, augmented)


def test_what_only_the_report_tells_does_not_train_the_network_again(tmp_path: Path) -> None:
    trained = chain_up_to_training(tmp_path, {})
    assert chain_up_to_training(tmp_path, {}, notes='["another note"]') == trained


def test_another_wording_of_the_split_rule_does_not_train_the_network_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = chain_up_to_training(tmp_path, {})
    monkeypatch.setattr("builder.split._in_words", lambda *_: "in other words")
    monkeypatch.setattr(
        "builder.pipeline.chain._code_hash", lambda stage, *_: f"another {stage}" if stage == "split" else ""
    )
    again = chain_up_to_training(tmp_path, {})
    assert len(list(tmp_path.glob("split/*"))) == 2
    monkeypatch.setattr("builder.split._in_words", lambda *_: "in other words still")
    monkeypatch.setattr(
        "builder.pipeline.chain._code_hash", lambda stage, *_: f"a third {stage}" if stage == "split" else ""
    )
    assert chain_up_to_training(tmp_path, {}) == again != trained


def test_photos_that_share_a_lesion_train_the_network_again(tmp_path: Path) -> None:
    trained = chain_up_to_training(tmp_path, {})
    assert chain_up_to_training(tmp_path, {"photo 0": "lesion 2"}) != trained


def test_a_network_that_builds_on_another_is_trained_again_when_that_changes() -> None:
    assert files_of_network("grayscale") == ["builder/network/grayscale.py", "builder/network/cnn.py"]
    assert files_of_network("compact") == ["builder/network/compact.py"]
