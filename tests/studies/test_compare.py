"""Builds side by side: differences and tests that respect lesions, and a refusal where there is nothing to compare."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn import metrics

from builder.classes import CODES
from builder.config.read import read_config
from builder.errors import BuildError
from builder.evaluate.comparison import compare
from builder.evaluate.mcnemar import p_over_lesions, p_over_photos
from builder.studies.compare import read_builds
from tests.conftest import REPOSITORY, run_command

RULES = read_config(REPOSITORY / "config.toml", settings=["evaluation.resamples=300"]).evaluation
TRUTH = np.random.default_rng(0).choice(7, 300, p=[0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1])
LESIONS = [f"lesion {photo // 2}" for photo in range(300)]


def answers(skill: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(300, 7)) + skill * np.eye(7)[np.repeat(TRUTH[::2], 2)]
    return np.asarray(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))


def publish(folder: Path, *networks: np.ndarray, photos: range = range(300), truth: np.ndarray = TRUTH) -> Path:
    """What a site publishes of its networks, as far as comparing reads it."""
    folder.mkdir(parents=True)
    names = [f"network {number}" for number in range(len(networks))]
    report = {
        "data": {"title": "photos", "is_demo": False},
        "networks": {name: {"title": name, "epochs": 3, "test": {"photos": len(photos)}} for name in names},
    }
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "image_id", "lesion_id", "truth", *CODES])
        for name, probabilities in zip(names, networks, strict=True):
            for photo in photos:
                label = np.repeat(truth[::2], 2)[photo]
                writer.writerow([name, f"photo {photo}", LESIONS[photo], CODES[label], *probabilities[photo]])
    return folder


def test_figures_and_differences_are_those_of_both_builds(tmp_path: Path) -> None:
    worse, better = answers(1.0, 1), answers(2.0, 2)
    builds = read_builds([publish(tmp_path / "worse", worse), publish(tmp_path / "better", better)])
    compared = compare(builds, RULES)
    assert [build["name"] for build in compared["builds"]] == ["worse", "better"]
    labels = np.repeat(TRUTH[::2], 2)
    accuracies = [metrics.accuracy_score(labels, each.argmax(axis=1)) for each in (worse, better)]
    aucs = [metrics.roc_auc_score(labels, each, multi_class="ovr") for each in (worse, better)]
    for build, accuracy, auc in zip(compared["builds"], accuracies, aucs, strict=True):
        assert build["figures"]["accuracy"]["value"] == pytest.approx(accuracy)
        assert build["figures"]["macro_auc"]["value"] == pytest.approx(auc)
    (pair,) = compared["pairs"]
    assert pair["differences"]["accuracy"]["value"] == pytest.approx(accuracies[1] - accuracies[0])
    assert pair["differences"]["macro_auc"]["value"] == pytest.approx(aucs[1] - aucs[0])
    assert pair["differences"]["accuracy"]["low"] > 0
    assert pair["mcnemar"]["p_over_lesions"] < 0.001


def test_networks_alike_have_narrower_differences_than_networks_apart(tmp_path: Path) -> None:
    one = answers(1.5, 1)
    alike = one * 0.9 + answers(1.5, 2) * 0.1
    networks = {"one": one, "alike": alike, "apart": answers(1.5, 3)}
    paired = [publish(tmp_path / name, network) for name, network in networks.items()]
    first, second, _ = compare(read_builds(paired), RULES)["pairs"]
    widths = [
        pair["differences"]["accuracy"]["high"] - pair["differences"]["accuracy"]["low"] for pair in (first, second)
    ]
    assert widths[0] < 0.6 * widths[1]


def test_the_order_of_photos_and_where_networks_lie_make_no_difference(tmp_path: Path) -> None:
    one, two = answers(1.0, 1), answers(2.0, 2)
    apart = [publish(tmp_path / "one", one), publish(tmp_path / "two", two, photos=range(299, -1, -1))]
    together = compare(read_builds([publish(tmp_path / "both", one, two)]), RULES)
    assert compare(read_builds(apart), RULES)["pairs"] == together["pairs"]
    assert [build["name"] for build in together["builds"]] == ["both: network 0", "both: network 1"]


def test_a_build_does_not_differ_from_itself(tmp_path: Path) -> None:
    same = [publish(tmp_path / name / "site", answers(1.0, 1)) for name in ("a", "b")]
    compared = compare(read_builds(same), RULES)
    assert [build["name"] for build in compared["builds"]] == ["a/site", "b/site"]
    (pair,) = compared["pairs"]
    assert {figure["value"] for figure in pair["differences"].values()} == {0}
    assert pair["mcnemar"] == {"only_first_right": 0, "only_second_right": 0, "p": None, "p_over_lesions": None}


def refusal(reports: list[Path]) -> str:
    with pytest.raises(BuildError) as caught:
        read_builds(reports)
    assert caught.value.remedy
    return caught.value.problem


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one = publish(tmp_path / "one", answers(1.0, 1))
    others = publish(tmp_path / "others", answers(1.0, 1), photos=range(200))
    relabelled = publish(tmp_path / "relabelled", answers(1.0, 1), truth=(TRUTH + 1) % 7)
    assert "300 and 200, of which 200 are the same" in refusal([one, others])
    assert "call some of them otherwise" in refusal([one, relabelled])
    assert "only one network" in refusal([one])
    assert "named twice" in refusal([one, one / "report.json"])
    (others / "predictions.csv").unlink()
    assert "predictions.csv" in refusal([one, others])
    (relabelled / "report.json").write_text("{}", encoding="utf-8")
    assert "is not what a build publishes" in refusal([one, relabelled])


def test_the_command_prints_writes_a_page_and_refuses_in_two_lines(tmp_path: Path) -> None:
    sites = [publish(tmp_path / "old", answers(1.0, 1)), publish(tmp_path / "new", answers(2.0, 2))]
    settings = ("--set", "evaluation.resamples=50", "--work", tmp_path / "work")
    shown = run_command(*settings, "compare", *sites)
    assert shown.returncode == 0, shown.stderr
    assert "new minus old" in shown.stdout and "new is better" in shown.stdout
    page = (tmp_path / "work" / "comparison" / "index.html").read_text(encoding="utf-8")
    assert "over lesions" in page
    printed: dict[str, Any] = json.loads(run_command(*settings, "compare", *sites, "--json").stdout)
    assert printed["photos"] == 300 and printed["lesions"] == 150 and printed["resamples"] == 50
    refused = run_command(*settings, "compare", sites[0], tmp_path / "nowhere")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 2 and "Traceback" not in refused.stderr


def test_one_photo_a_lesion_gives_the_usual_statistic() -> None:
    first = np.array([True] * 30 + [False] * 12 + [True] * 40)
    second = np.array([False] * 30 + [True] * 12 + [True] * 40)
    expected = chi2.sf((30 - 12) ** 2 / (30 + 12) * (81 / 82), 1)
    assert p_over_lesions(first, second, np.arange(82)) == pytest.approx(expected)
    assert p_over_photos(first, second) == pytest.approx(0.0079, abs=0.0005)  # two-sided binomial, 12 of 42


def test_the_test_over_lesions_keeps_its_size_where_the_plain_one_does_not() -> None:
    # Two networks equally good; all photos of a lesion fare alike, as near-identical photos do.
    random = np.random.default_rng(4)
    lesion_of_photo = np.repeat(np.arange(200), 1 + np.arange(200) % 4)
    found: dict[str, list[bool]] = {"over lesions": [], "over photos": []}
    for _ in range(1500):
        first, second = (random.random((2, 200)) < 0.7)[:, lesion_of_photo]
        found["over lesions"].append((p_over_lesions(first, second, lesion_of_photo) or 1) < 0.05)
        found["over photos"].append((p_over_photos(first, second) or 1) < 0.05)
    assert 0.035 < np.mean(found["over lesions"]) < 0.065
    assert np.mean(found["over photos"]) > 0.12
