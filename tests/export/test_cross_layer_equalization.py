"""Channels evened out before storing: the same answers, and less lost in 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.export.cross_layer_equalization import equalize_layers
from builder.export.layers_model import load_layers_model
from builder.export.shards import write_model
from builder.network import Network, build_network
from builder.predict.batch_norm_folding import fold_batch_norm
from builder.predict.trained import predict

PHOTOS = np.random.default_rng(0).integers(0, 256, (8, 75, 100, 3), dtype=np.uint8)
# The first and the second convolution of each block of `compact`.
PAIRS = [("conv2d_1", "conv2d_2"), ("conv2d_4", "conv2d_5"), ("conv2d_7", "conv2d_8"), ("conv2d_10", "conv2d_11")]


def uneven_network() -> Network:
    """`compact`, with channels that are large in one kernel of a pair and small in the other."""
    network, random = build_network("compact", seed=3), np.random.default_rng(4)
    for layer in network.layers:
        if layer.name.startswith("batch_normalization"):
            gamma, *others = layer.get_weights()
            layer.set_weights([random.uniform(0.2, 0.4, gamma.shape), *others])
    fused = fold_batch_norm(network)
    for names in PAIRS:
        first, second = map(fused.get_layer, names)
        (kernel, bias), (following, its_bias) = first.get_weights(), second.get_weights()
        by = np.exp(random.normal(0, 1.2, bias.shape))
        first.set_weights([kernel * by, bias * by])
        second.set_weights([following / by[:, None], its_bias])
    return fused


def ranges(network: Network, pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    first, second = (np.abs(network.get_layer(name).get_weights()[0]) for name in pair)
    return first.max(axis=(0, 1, 2)), second.max(axis=(0, 1, 3))


def test_the_answers_stay_and_both_kernels_get_the_same_ranges() -> None:
    network = uneven_network()
    before = predict(network, PHOTOS)
    equalize_layers(network, spared=())
    assert predict(network, PHOTOS) == pytest.approx(before, abs=1e-4)
    for pair in PAIRS:
        first, second = ranges(network, pair)
        assert first == pytest.approx(second, rel=1e-4)


def test_what_others_look_at_stays_as_it_is() -> None:
    network = uneven_network()
    untouched = [weights.copy() for weights in network.get_layer("conv2d_4").get_weights()]
    equalize_layers(network, spared=("conv2d_4",))
    assert all(map(np.array_equal, network.get_layer("conv2d_4").get_weights(), untouched))
    first, second = ranges(network, ("conv2d_4", "conv2d_5"))
    assert first != pytest.approx(second, rel=0.1)


def test_a_channel_that_is_all_zeros_stays() -> None:
    network = fold_batch_norm(build_network("compact", seed=3))  # untrained: the second kernel of each block is zero
    before = [weights.copy() for weights in network.get_weights()]
    equalize_layers(network, spared=())
    assert all(map(np.array_equal, network.get_weights(), before))


def test_a_network_without_such_pairs_stays() -> None:
    network = fold_batch_norm(build_network("grayscale", seed=3))
    before = [weights.copy() for weights in network.get_weights()]
    equalize_layers(network, spared=())
    assert all(map(np.array_equal, network.get_weights(), before))


def test_8_bits_lose_less(tmp_path: Path) -> None:
    lost = []
    for name, is_evened in (("as it is", False), ("evened", True)):
        network = uneven_network()
        before = predict(network, PHOTOS)
        if is_evened:
            equalize_layers(network, spared=())
        write_model(network, "uint8", tmp_path / name)
        lost.append(np.abs(predict(load_layers_model(tmp_path / name), PHOTOS) - before).max())
    assert lost[1] < lost[0] / 2
