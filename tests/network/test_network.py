"""The origin network, layer for layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pytest

from builder.network import build_network, network, seed_dropout


@pytest.fixture(scope="module")
def cnn():
    return build_network("cnn", seed=1)


def test_the_layers_are_the_origins(cnn) -> None:
    kinds = [layer["class_name"] for layer in cnn.get_config()["layers"]]
    convolution, pooling = ["Conv2D", "Activation"], ["MaxPooling2D", "Dropout"]
    assert kinds == [
        "InputLayer", *convolution * 6, *pooling, *convolution * 2, *pooling,
        "Flatten", "Dense", "Activation", "Dropout", "Dense", "Activation",
    ]  # fmt: skip
    assert len(kinds) == 27
    configs = [layer["config"] for layer in cnn.get_config()["layers"]]
    assert [config["filters"] for config in configs if "filters" in config] == [64] * 6 + [128] * 2
    assert [config["padding"] for config in configs if "filters" in config] == ["same"] * 5 + ["valid", "same", "valid"]
    assert [config["rate"] for config in configs if "rate" in config] == [0.25, 0.25, 0.5]
    assert [config["units"] for config in configs if "units" in config] == [512, 7]
    assert configs[0]["batch_input_shape"] == (None, 75, 100, 3)


def test_it_has_as_many_parameters_as_the_origin(cnn) -> None:
    assert cnn.count_params() == 26_036_551
    assert sum(weight.size for weight in cnn.get_weights()) * 4 == 104_146_204  # bytes of float32


def test_layer_names_do_not_count_on_from_an_earlier_network(cnn) -> None:
    assert [layer.name for layer in build_network("cnn").layers] == [layer.name for layer in cnn.layers]
    assert cnn.layers[1].name == "conv2d"


def test_the_seed_draws_the_weights() -> None:
    first, again, other = (build_network("cnn", seed).get_weights()[0] for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_dropout_draws_the_same_masks_from_the_same_seed(cnn) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (1, 75, 100, 3)).astype(np.float32)

    def answer(*seed: int) -> np.ndarray:
        seed_dropout(cnn, *seed)
        return np.asarray(cnn(photo, training=True))

    assert (answer(101, 1) == answer(101, 1)).all()
    assert (answer(101, 1) != answer(101, 2)).any()


def test_what_a_layout_takes_by_name_are_its_settings() -> None:
    @network("a network with settings")
    def set_up(
        photo: Any, layers: Any, *, filters: Annotated[int, (4, 64)] = 16, end: Literal["max", "mean"] = "max", rate=0.1
    ) -> Any:
        return photo

    filters, end, rate = set_up.settings["filters"], set_up.settings["end"], set_up.settings["rate"]
    assert (filters.default, filters.kind, filters.limits) == (16, int, (4, 64))
    assert (end.default, end.kind, end.words) == ("max", str, ("max", "mean"))
    assert (rate.default, rate.kind, rate.limits, rate.words) == (0.1, float, None, None)
    assert len(set_up.settings) == 3


def test_settings_change_the_network_and_none_leave_it_the_origins(cnn) -> None:
    defaults = {"convolutions": 6, "dropout": 0.25, "dense_dropout": 0.5, "activation": "relu"}
    assert build_network("cnn", 1, defaults).get_config() == cnn.get_config()
    other = build_network("cnn", 1, {"convolutions": 3, "activation": "elu"})
    assert len(other.layers) == 27 - 2 * 3
    assert {layer.get_config().get("activation") for layer in other.layers[1:-2]} == {None, "linear", "elu"}
