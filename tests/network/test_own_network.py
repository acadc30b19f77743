"""A network of one's own: what docs/networks.md says, done to the letter."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from builder.classes import CODES
from builder.network import build_network, design_of, network_names
from builder.predict.trained import predict
from tests.conftest import FEW_PICTURES, REPOSITORY

PAGE = (REPOSITORY / "docs" / "networks.md").read_text(encoding="utf-8")
FEW = ("--set", "demo.photos=70", "--set", "evaluation.resamples=20")


@pytest.mark.usefixtures("trains")
def test_the_page_makes_a_network_that_builds_and_answers(tmp_path: Path) -> None:
    for name in ("builder", "web_template"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("build.py", "config.toml", "requirements.lock", "package.json", "package-lock.json"):
        shutil.copy(REPOSITORY / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(REPOSITORY / "node_modules")
    [file] = re.findall(r"`(builder/network/\w+\.py)`", PAGE)
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / file).write_text(code, encoding="utf-8")
    [command] = re.findall(r"    python build\.py (.*)\n", PAGE)
    script = f"""import sys
sys.path.insert(0, {str(tmp_path)!r})
from builder.cli import main
from builder.evaluate import ood_photos
vars(ood_photos).update({FEW_PICTURES})
sys.exit(main(sys.argv[1:]))
"""
    told = subprocess.run(
        [sys.executable, "-c", script, *command.split(), *FEW],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    report = json.loads((tmp_path / "site" / "report.json").read_text(encoding="utf-8"))
    assert list(report["networks"]) == ["tiny"]
    assert report["networks"]["tiny"]["epochs"] == 8
    assert report["config"]["networks"]["tiny"]["learning_rate"] == 3e-3
    assert (tmp_path / "site" / "model" / "tiny" / "group1-shard1of1.bin").is_file()


@pytest.mark.parametrize("name", network_names())
def test_every_network_answers_the_contract_and_is_drawn_from_its_seed(name: str) -> None:
    photos = np.random.default_rng(3).integers(0, 256, (2, 75, 100, 3), dtype=np.uint8)
    network = build_network(name, seed=5)
    answers = predict(network, photos)
    assert answers.shape == (2, len(CODES)) and np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert design_of(name).title and network.name == name
    again, other = build_network(name, seed=5), build_network(name, seed=6)
    pairs = zip(network.get_weights(), again.get_weights(), strict=True)
    assert all((one == same).all() for one, same in pairs)
    assert any(
        (one != different).any() for one, different in zip(network.get_weights(), other.get_weights(), strict=True)
    )


def test_the_grayscale_network_sees_no_colour() -> None:
    network = build_network("grayscale", seed=1)
    colour = np.full((1, 75, 100, 3), (200, 100, 50), dtype=np.uint8)
    grey = np.full_like(colour, round(0.299 * 200 + 0.587 * 100 + 0.114 * 50))
    assert predict(network, colour) == pytest.approx(predict(network, grey), abs=1e-3)
    assert network.get_layer("grey").trainable_weights == []
