"""What is fitted on validation: it does what it says there, and nothing of the test part gets into it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from builder.classes import CODES, MALIGNANT
from builder.config.read import read_config
from builder.network import build_network
from builder.predict.calibrate import (
    calibrate,
    calibrate_network,
    choose_operating_point,
    fit_confidence_levels,
    fit_temperature,
    fold_temperature,
)
from builder.predict.trained import predict
from tests.conftest import REPOSITORY, Build

CONFIG = read_config(REPOSITORY / "config.toml")
RULES = CONFIG.calibration


def overconfident(photos: int = 4000, temperature: float = 2.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `temperature` times what the labels, drawn from them, bear out."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(photos, 7)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) < random.random((photos, 1))).sum(axis=1)
    return logits * temperature, labels.clip(0, 6)


def test_the_temperature_is_found() -> None:
    for temperature in (0.5, 1.0, 2.5):
        assert fit_temperature(*overconfident(temperature=temperature)) == pytest.approx(temperature, rel=0.05)


def test_the_folded_network_gives_the_calibrated_probabilities() -> None:
    network = build_network("cnn", seed=3)
    photos = np.random.default_rng(0).integers(0, 256, (4, 75, 100, 3), dtype=np.uint8)
    before = predict(network, photos).astype(np.float64)
    fold_temperature(network, 2.5)
    cooled = before ** (1 / 2.5)
    assert predict(network, photos) == pytest.approx(cooled / cooled.sum(axis=1, keepdims=True), abs=1e-5)


def test_the_operating_point_finds_enough_with_the_fewest_false_alarms_and_then_the_most() -> None:
    random = np.random.default_rng(1)
    is_malignant = random.random(500) < 0.2
    score = np.clip(random.normal(0.3 + 0.3 * is_malignant, 0.2), 0, 1)
    point = choose_operating_point(score, is_malignant, 0.95)
    assert point is not None
    assert point["validation"]["sensitivity"] == (score >= point["threshold"])[is_malignant].mean() >= 0.95
    found = np.array([(score >= threshold)[is_malignant].mean() for threshold in score])
    alarms = np.array([(score >= threshold)[~is_malignant].mean() for threshold in score])
    fewest = alarms[found >= 0.95].min()
    assert point["validation"]["specificity"] == pytest.approx(1 - fewest)
    assert point["validation"]["sensitivity"] == found[alarms == fewest].max()
    assert point["threshold"] not in score  # halfway between two: rounding elsewhere turns no answer


def test_where_all_are_told_apart_the_operating_point_lies_between_them() -> None:
    score, is_malignant = np.array([0.1, 0.3, 0.9, 0.99]), np.array([False, False, True, True])
    point = choose_operating_point(score, is_malignant, 0.5)
    assert point is not None and point["threshold"] == pytest.approx(0.6)
    assert point["validation"]["sensitivity"] == point["validation"]["specificity"] == 1


def test_without_malignant_photos_there_is_no_operating_point() -> None:
    assert choose_operating_point(np.array([0.1, 0.2]), np.array([False, False]), 0.95) is None


def test_the_least_sure_photos_of_a_level_keep_its_aim_too() -> None:
    # Nine of ten photos are always right: the mean over all is 0.9, but those between 0.5 and 0.6 are at 0.5.
    random = np.random.default_rng(2)
    top = np.concatenate([random.uniform(0.9, 1.0, 3600), random.uniform(0.5, 0.6, 400)])
    is_right = np.concatenate([np.ones(3600, bool), random.random(400) < 0.5])
    assert is_right.mean() > RULES.sure_right
    levels = {level["level"]: level for level in fit_confidence_levels(top, is_right, RULES)}
    assert levels["sure"]["from"] > 0.58
    assert levels["not-sure"]["validation"]["photos"] > 350


def test_levels_answer_for_their_own_photos() -> None:
    logits, labels = overconfident(temperature=1.0)
    probabilities = softmax(logits, axis=1)
    top, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    levels = fit_confidence_levels(top, is_right, RULES)
    assert [level["level"] for level in levels] == ["sure", "fairly-sure", "not-sure"]
    above = 2.0
    for level in levels:
        own = (top >= level["from"]) & (top < above)
        above = level["from"]
        assert level["validation"] == {"photos": own.sum(), "right": pytest.approx(is_right[own].mean())}
        assert level["aimed_right"] is None or level["validation"]["right"] >= level["aimed_right"]
    assert above == 0.0


def test_a_level_with_too_few_photos_is_not_made() -> None:
    levels = fit_confidence_levels(np.arange(19) / 19, np.ones(19, bool), RULES)
    assert [level["level"] for level in levels] == ["not-sure"]


def test_malignant_classes_are_added_up() -> None:
    logits, labels = overconfident()
    fitted = calibrate(logits, labels, RULES)
    score = softmax(logits / fitted["temperature"], axis=1)[:, MALIGNANT].sum(axis=1)
    is_malignant = np.isin(labels, [CODES.index(code) for code in ("akiec", "bcc", "mel")])
    threshold = fitted["operating_point"]["threshold"]
    assert (score >= threshold)[is_malignant].mean() == fitted["operating_point"]["validation"]["sensitivity"]


def of_compact(stage: Path) -> Path:
    """The newest result of a stage, of those about the compact network if it is about one."""
    about = {done: json.loads(done.read_text(encoding="utf-8"))["depends_on"][1] for done in stage.rglob("done.json")}
    ours = [done for done, network in about.items() if network in ("", "compact")]
    return max(ours, key=lambda done: done.stat().st_mtime_ns).parent


def calibration_of(photos: Path, split: Path, trained: Path, into: Path) -> bytes:
    into.mkdir()
    calibrate_network(photos, split, trained, CONFIG.calibration, into)
    return (into / "calibration.json").read_bytes()


def test_other_test_labels_change_nothing_that_is_fitted(demo_build: Build, tmp_path: Path) -> None:
    stages = {name: of_compact(demo_build.work / name) for name in ("data", "split", "train")}
    photos = shutil.copytree(stages["data"], tmp_path / "data")
    parts = np.load(stages["split"] / "parts.npy")
    with open(photos / "photos.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for row, part in zip(rows, parts, strict=True):
        if part == 2:  # the test part
            row[header.index("code")] = CODES[(CODES.index(row[header.index("code")]) + 1) % 7]
    with open(photos / "photos.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    pixels = np.load(photos / "pixels.npy")
    pixels[parts == 2] = 0
    np.save(photos / "pixels.npy", pixels)
    fitted, of_others = (
        calibration_of(gathered, stages["split"], stages["train"], tmp_path / name)
        for gathered, name in ((stages["data"], "as they are"), (photos, "others"))
    )
    assert fitted == of_others
    assert json.loads(fitted)["sureness"][-1]["validation"]["photos"] < (parts == 1).sum()
