"""The exported network: the origin's files, and the trained network in them."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from builder.config.site import LARGEST_CHANGE
from builder.errors import BuildError
from builder.export.disk_copies import disk_copy_of, write_disk_copy
from builder.export.layers_model import load_layers_model
from builder.export.shards import write_model
from builder.export.stage import Comparison, _refuse_if_changed, compare, describe_model, store_smallest
from builder.network import Network, build_network
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.ood_detector import cells_of, detector_layers, fit_detector
from builder.predict.trained import predict
from builder.site.messages import classes_in_english
from tests.export.test_cross_layer_equalization import uneven_network

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 75, 100, 3), dtype=np.uint8)
SHARDS = [f"group1-shard{number}of25.bin" for number in range(1, 26)]


@dataclass(frozen=True)
class Exported:
    """What a network says of the photos, before it was stored and after; and where it is stored."""

    before: np.ndarray
    after: np.ndarray
    stored: Network
    folder: Path

    @property
    def largest_change(self) -> float:
        return float(np.abs(self.before - self.after).max())


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network("cnn", seed=3)


@pytest.fixture(scope="module")
def exported(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Exports the network with its large kernels of that kind, once."""
    before = predict(network, PHOTOS)

    @cache
    def export(large_kernels: str) -> Exported:
        folder = tmp_path_factory.mktemp("exported") / "cnn"
        write_model(network, large_kernels, folder)
        stored = load_layers_model(folder)
        return Exported(before, predict(stored, PHOTOS), stored, folder)

    return export


def test_mixed_weights_are_25_shards_of_a_quarter_of_the_bytes(exported: Callable[[str], Exported]) -> None:
    mixed = exported("uint8")
    assert sorted(file.name for file in mixed.folder.iterdir()) == sorted(["model.json", *SHARDS])
    assert sum((mixed.folder / name).stat().st_size for name in SHARDS) < 26.5e6
    kinds = {
        weight["name"]: weight["quantization"]["dtype"]
        for group in json.loads((mixed.folder / "model.json").read_text())["weightsManifest"]
        for weight in group["weights"]
    }
    assert {name for name, kind in kinds.items() if kind == "uint8"} == {"dense/kernel"}
    assert set(kinds.values()) == {"uint8", "float16"} and len(kinds) == 20
    assert mixed.largest_change < 0.01  # of an untrained network; a trained one is surer


def test_the_large_kernels_as_float16_changes_less_in_as_many_shards(exported: Callable[[str], Exported]) -> None:
    halves = exported("float16")
    assert sorted(file.name for file in halves.folder.iterdir()) == sorted(["model.json", *SHARDS])
    assert 52e6 < sum((halves.folder / name).stat().st_size for name in SHARDS) < 52.2e6
    assert halves.largest_change < 0.001


def test_float32_weights_are_the_origins_exact_shards(exported: Callable[[str], Exported]) -> None:
    whole = exported("float32")
    sizes = [(whole.folder / name).stat().st_size for name in SHARDS]
    assert sizes[:-1] == [4 * 1024 * 1024] * 24
    assert sum(sizes) == 104_146_204
    assert (whole.after == whole.before).all()


def test_the_topology_is_what_tensorflowjs_reads(exported: Callable[[str], Exported]) -> None:
    model = json.loads((exported("uint8").folder / "model.json").read_text())
    assert model["format"] == "layers-model"
    assert len(model["modelTopology"]["model_config"]["config"]["layers"]) == 27
    assert "batch_shape" not in json.dumps(model)  # what Keras 3 writes and TensorFlow.js cannot read


def test_the_card_counts_the_bytes_and_holds_a_self_test(exported: Callable[[str], Exported]) -> None:
    stored, folder = exported("uint8").stored, exported("uint8").folder
    layers = detector_layers(stored)
    cells = cells_of(stored, layers, PHOTOS)
    detector = fit_detector(layers, cells, cells, refused=(0.02, 0.01))
    limits = {"operating_point": {"threshold": 0.25}, "scope": detector.as_dict()}
    card = describe_model(stored, "mixed", folder, limits, classes_in_english())
    assert [file["path"] for file in card["files"]] == ["model.json", *SHARDS]
    assert all((folder / file["path"]).stat().st_size == file["bytes"] for file in card["files"])
    for file in card["files"]:
        assert file["sha256"] == hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest()
    assert card["judgement"] == limits
    assert card["bytes"] == sum(file["bytes"] for file in card["files"])
    assert [kind["code"] for kind in card["classes"]] == ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
    for vector in card["self_test"]["vectors"]:
        pixels = np.frombuffer(base64.b64decode(vector["pixels"]), np.uint8).reshape(1, 75, 100, 3)
        assert predict(stored, pixels)[0] == pytest.approx(vector["probabilities"], abs=1e-5)
        assert detector.score(cells_of(stored, layers, pixels))[0] == pytest.approx(vector["scope"], rel=1e-4)


def test_two_exports_of_one_network_are_the_same_bytes(
    network: Network, exported: Callable[[str], Exported], tmp_path: Path
) -> None:
    write_model(network, "uint8", tmp_path)
    for file in exported("uint8").folder.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_a_network_that_storing_changed_is_refused() -> None:
    before = np.array([[0.6, 0.4]], np.float32)
    comparison = compare(before, before[:, ::-1])
    assert comparison == Comparison(1, pytest.approx(0.2), 1)  # type: ignore[arg-type]
    with pytest.raises(BuildError, match=r"a probability changed by 0\.2000") as caught:
        _refuse_if_changed(comparison, "mixed")
    assert "export.weights=float32" in caught.value.remedy
    _refuse_if_changed(compare(before, before), "float32")


def test_a_twin_hands_over_the_files_bytes(tmp_path: Path) -> None:
    file = tmp_path / "model" / "a.bin"
    file.parent.mkdir()
    file.write_bytes(bytes(range(256)))
    disk_copy = write_disk_copy(file, tmp_path)
    assert disk_copy == disk_copy_of(file) == tmp_path / "model" / "a.bin.js"
    found = re.fullmatch(r'Bytes\.handOver\("model/a\.bin", "(.+)"\);\n', disk_copy.read_text())
    assert found and base64.b64decode(found[1]) == file.read_bytes()


def test_the_large_kernels_of_a_small_network_are_8_bits_and_its_first_ones_16(tmp_path: Path) -> None:
    network = fold_batch_norm(build_network("compact", seed=3))
    write_model(network, "uint8", tmp_path)
    [group] = json.loads((tmp_path / "model.json").read_text())["weightsManifest"]
    kinds = {weight["name"]: weight["quantization"]["dtype"] for weight in group["weights"]}
    assert kinds["conv2d/kernel"] == kinds["dense/kernel"] == "float16"
    in_8_bits = sum(math.prod(weight["shape"]) for weight in group["weights"] if kinds[weight["name"]] == "uint8")
    assert in_8_bits > 0.8 * network.count_params()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 0.83e6


def test_where_8_bits_change_too_much_the_large_kernels_are_stored_in_16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, lost = uneven_network(), {}
    before = predict(network, PHOTOS)
    for kind in ("uint8", "float16"):
        write_model(network, kind, tmp_path / kind)
        lost[kind] = np.abs(predict(load_layers_model(tmp_path / kind), PHOTOS) - before).max()
    assert lost["float16"] < lost["uint8"]
    monkeypatch.setitem(LARGEST_CHANGE, "mixed", (lost["float16"] + lost["uint8"]) / 2)
    _, kind, comparison = store_smallest(network, "mixed", PHOTOS, tmp_path / "compact")
    assert kind == "float16"
    assert comparison.largest_probability_change == pytest.approx(lost["float16"])
