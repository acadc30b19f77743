"""A network on a base: where its weights come from, and training in stages that can stop in the middle of either."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from builder.config.read import read_config
from builder.errors import BuildError
from builder.folders import Folders
from builder.network import Network, build_network
from builder.pipeline.build import build_site
from builder.pipeline.request import Request
from builder.quiet_tensorflow import tf_keras
from builder.train.base import base_layers, begin_with_base
from builder.train.checkpoint import write_checkpoint
from builder.train.history import History
from builder.train.recipe import compile_network
from builder.train.stage import fit
from tests.conftest import REPOSITORY

CONFIG = REPOSITORY / "config.toml"
FILE = "mobilenet_1_0_224_tf_no_top.h5"  # as Keras asks for it
REMEDIES = ("network.base_weights", "a file", "none")
RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.integers(0, 256, (6, 75, 100, 3), dtype=np.uint8), np.arange(6)
STAGED = replace(
    read_config(CONFIG, source="folder").network_of("mobilenet").recipe,
    epochs=4, frozen_epochs=2, fine_tune_from="conv_pw_13", batch_photos=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the layout of the published one: whatever the size of the input, its layers are the same."""
    application = tf_keras.applications.MobileNet(include_top=False, weights=None, input_shape=(224, 224, 3))
    random = np.random.default_rng(8)
    for layer in application.layers:
        layer.set_weights([random.uniform(0.05, 0.15, weight.shape) for weight in layer.get_weights()])
    file = tmp_path_factory.mktemp("published") / "mobilenet" / FILE
    file.parent.mkdir()
    application.save_weights(file)
    return file


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home folder: what Keras keeps there is not this machine's."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home" / ".keras").mkdir(parents=True)  # as Keras does when it is first imported
    yield tmp_path / "home" / ".keras" / "models"


def fetching_from(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf_keras.src.applications.mobilenet.BASE_WEIGHT_PATH", f"{address}/")


def has_weights_of(network: Network, file: Path) -> bool:
    with h5py.File(file) as saved:
        return all(
            (weight.numpy() == saved[layer.name][weight.name]).all()
            for layer in base_layers(network)
            for weight in layer.weights
        )


def test_the_weights_are_fetched_by_keras_once_and_kept(
    weights: Path, keras_home: Path, serve: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching_from(f"{serve(weights.parent.parent)}/mobilenet", monkeypatch)
    network = build_network("mobilenet")
    assert not has_weights_of(network, weights)
    begin_with_base(network, "imagenet")
    assert has_weights_of(network, weights)
    assert (keras_home / FILE).read_bytes() == weights.read_bytes()
    fetching_from("http://127.0.0.1:1", monkeypatch)  # nobody is asked again
    again = build_network("mobilenet")
    begin_with_base(again, "imagenet")
    assert has_weights_of(again, weights)


def test_where_they_cannot_be_fetched_both_ways_out_are_named(
    tmp_path: Path, keras_home: Path, serve: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, reason in (("http://127.0.0.1:1", "Connection refused"), (serve(tmp_path), "404")):
        fetching_from(address, monkeypatch)
        with pytest.raises(BuildError, match="cannot be fetched") as caught:
            begin_with_base(build_network("mobilenet"), "imagenet")
        assert reason in caught.value.problem
        assert all(remedy in caught.value.remedy for remedy in REMEDIES)
        assert not (keras_home / FILE).exists()


def test_what_was_fetched_and_is_no_file_of_weights_is_said_to_be_damaged(
    tmp_path: Path, keras_home: Path, serve: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_text("<html>Log in to this network</html>")
    fetching_from(serve(tmp_path), monkeypatch)
    with pytest.raises(BuildError, match="damaged") as caught:
        begin_with_base(build_network("mobilenet"), "imagenet")
    assert "delete them in ~/.keras/models" in caught.value.remedy


def test_a_file_of_the_same_weights_does_too(weights: Path) -> None:
    network = build_network("mobilenet", width_px=160)
    begin_with_base(network, str(weights))
    assert has_weights_of(network, weights)


@pytest.mark.parametrize("name", ["text.h5", "text.bin", "other.h5"])
def test_a_file_that_does_not_fit_is_a_problem_to_mend(tmp_path: Path, name: str) -> None:
    if name == "other.h5":
        small = tf_keras.applications.MobileNet(include_top=False, weights=None, alpha=0.25, input_shape=(96, 128, 3))
        small.save_weights(tmp_path / name)
    else:
        (tmp_path / name).write_text("no weights")
    with pytest.raises(BuildError, match="does not hold the weights of MobileNet") as caught:
        begin_with_base(build_network("mobilenet"), str(tmp_path / name))
    assert all(remedy in caught.value.remedy for remedy in REMEDIES)


def test_a_file_that_is_not_there_is_said_before_anything_else_is_done(tmp_path: Path) -> None:
    settings = ("site.networks=compact,mobilenet", f"network.base_weights={tmp_path / 'none.h5'}")
    with pytest.raises(BuildError, match="there is no file") as caught:
        build_site(Request(CONFIG, "demo", settings), Folders(tmp_path / "work", tmp_path / "site"))
    assert all(remedy in caught.value.remedy for remedy in REMEDIES)
    assert list(tmp_path.iterdir()) == []


def test_without_base_weights_nothing_stands_still() -> None:
    drawn = build_network("mobilenet", seed=3)
    before = drawn.get_weights()
    begin_with_base(drawn, "none")
    assert all((one == same).all() for one, same in zip(before, drawn.get_weights(), strict=True))
    assert read_config(CONFIG).network_of("mobilenet").recipe.frozen_epochs > 0
    assert read_config(CONFIG, settings=["network.base_weights=none"]).network_of("mobilenet").recipe.frozen_epochs == 0
    assert read_config(CONFIG).network_of("cnn").form.base_weights == "none"


def begun(weights: Path) -> Network:
    network = build_network("mobilenet", STAGED.seed)
    begin_with_base(network, str(weights))
    return network


def train(checkpoint: Path, weights: Path) -> Network:
    checkpoint.parent.mkdir(exist_ok=True)
    network = compile_network(begun(weights), STAGED, len(PHOTOS[0]))
    fit(network, PHOTOS, PHOTOS, STAGED, checkpoint)
    return network


def test_the_base_stands_still_at_first_and_learns_from_its_named_layer_on(
    trained: tuple[Network, Path], weights: Path
) -> None:
    whole, folder = trained
    head = {"batch_normalization", "dense", "batch_normalization_1", "dense_1"}
    first = begun(weights)
    with np.load(folder / "after-2.npz") as saved:
        first.set_weights([saved[f"arr_{number}"] for number in range(len(first.weights))])
    assert changed(begun(weights), first) == head  # not even what the base's normalisations have seen
    assert changed(begun(weights), whole) == {"conv_pw_13", *head}
    assert float(whole.optimizer.learning_rate) <= STAGED.fine_tune_rate < STAGED.learning_rate


def changed(before: Network, after: Network) -> set[str]:
    return {
        layer.name
        for layer in before.layers
        if any(
            (one != other).any()
            for one, other in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
        )
    }


@pytest.fixture(scope="module")
def trained(trains: None, tmp_path_factory: pytest.TempPathFactory, weights: Path) -> tuple[Network, Path]:
    """A training that nobody stopped, and a folder with what lay on the disk after each of its epochs."""
    folder = tmp_path_factory.mktemp("trained")

    def write_and_copy(checkpoint: Path, variables: Iterable[Any], history: History, kept: Path | None) -> None:
        write_checkpoint(checkpoint, variables, history, kept)
        shutil.copy(checkpoint, folder / f"after-{len(history)}.npz")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("builder.train.stage.write_checkpoint", write_and_copy)
        return train(folder / "whole" / "checkpoint.npz", weights), folder


@pytest.mark.parametrize("finished", [1, 2, 3])  # in the first stage, between both, in the second
def test_a_training_that_was_stopped_in_either_stage_ends_with_the_same_bytes(
    trained: tuple[Network, Path], weights: Path, finished: int
) -> None:
    whole, folder = trained
    resumed = train(folder / f"after-{finished}.npz", weights)
    pairs = zip(whole.get_weights(), resumed.get_weights(), strict=True)
    assert all((one == same).all() for one, same in pairs)


def test_a_layer_that_the_base_has_not_is_named(weights: Path) -> None:
    with pytest.raises(BuildError, match="has no layer 'block_1'") as caught:
        compile_network(build_network("mobilenet"), replace(STAGED, fine_tune_from="block_1"), 6)
    assert "conv_dw_7" in caught.value.remedy
