"""Training on several devices and machines: the same as on one, and a clear word when a machine is missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from builder.config.config import Config
from builder.config.read import read_config
from builder.config.training import MachinesConfig
from builder.errors import BuildError
from builder.network import build_network
from builder.predict.trained import predict
from builder.quiet_tensorflow import tensorflow, tf_keras
from builder.train.machines import Workers, await_workers, strategy_of, to_be_trained, workers_of
from builder.train.recipe import compile_network
from builder.train.stage import fit
from tests.conftest import REPOSITORY

# A small network without anything random, so that what several devices make of a photo is what one makes of it.
TRAIN = """
import json, sys
from dataclasses import replace
from pathlib import Path
import tensorflow
devices, folder, epochs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
if devices == "two":
    [processor] = tensorflow.config.list_physical_devices("CPU")
    tensorflow.config.set_logical_device_configuration(
        processor, [tensorflow.config.LogicalDeviceConfiguration()] * 2
    )
import numpy as np
from builder.config.read import read_config
from builder.config.training import MachinesConfig
from builder.errors import BuildError
from builder.train.machines import strategy_of
try:
    if devices == "two":
        strategy = tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    else:
        strategy = strategy_of(MachinesConfig(devices, "float32", 60.0))
    from builder.quiet_tensorflow import tf_keras
    from builder.train.stage import fit
    from builder.train.recipe import compile_network
    recipe = read_config(Path("config.toml"), source="demo").network_of("cnn").recipe
    recipe = replace(recipe, epochs=epochs, batch_photos=8, learning_rate=1e-3)
    with strategy.scope():
        photo = tf_keras.Input((75, 100, 3))
        means = tf_keras.layers.AveragePooling2D(25)(tf_keras.layers.Rescaling(1 / 255)(photo))
        logits = tf_keras.layers.Dense(7, kernel_initializer="zeros")(tf_keras.layers.Flatten()(means))
        network = tf_keras.Model(photo, tf_keras.layers.Activation("softmax")(logits))
        compile_network(network, recipe, 32)
    random = np.random.default_rng(1)
    labels = np.arange(32) % 7
    pixels = (random.integers(0, 128, (32, 75, 100, 3)) + 18 * labels[:, None, None, None]).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    history = fit(network, (pixels, labels), (pixels[:9], labels[:9]), recipe, folder / "checkpoint.npz")
    print(json.dumps({"history": history, "kernel": network.get_weights()[0].tolist()}))
except BuildError as error:
    print(json.dumps({"problem": error.problem, "remedy": error.remedy}))
"""


@pytest.fixture
def config() -> Config:
    return read_config(REPOSITORY / "config.toml", source="demo")


def start(devices: str, folder: Path, epochs: int, tf_config: str | None = None) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    if tf_config:
        environment["TF_CONFIG"] = tf_config
    command = [sys.executable, "-c", TRAIN, devices, str(folder), str(epochs)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def outcome(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate()
    assert process.returncode == 0, err[-3000:]
    found: dict[str, object] = json.loads(out.splitlines()[-1])
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def start_two(folder: Path, epochs: int) -> list[subprocess.Popen[str]]:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    configs = [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}) for index in (0, 1)
    ]
    return [start("workers", folder / str(index) / "train", epochs, given) for index, given in enumerate(configs)]


def figures(found: dict[str, object]) -> np.ndarray:
    history: list[dict[str, float]] = found["history"]  # type: ignore[assignment]
    return np.array([list(epoch.values()) for epoch in history])


@pytest.fixture(scope="module")
def two_workers(trains: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """The folder of two workers that trained for three epochs, and what each of them said."""
    folder = tmp_path_factory.mktemp("workers")
    return folder, [outcome(process) for process in start_two(folder, 3)]


def test_two_workers_and_two_devices_train_what_one_trains(
    two_workers: tuple[Path, list[dict[str, object]]], tmp_path: Path
) -> None:
    first, second = two_workers[1]
    assert first == second
    one = outcome(start("one", tmp_path / "one", 3))
    assert figures(one)[-1][1] < figures(one)[0][1]  # it learns
    for several in (first, outcome(start("two", tmp_path / "two", 3))):
        assert figures(several) == pytest.approx(figures(one), abs=1e-4)
        assert np.array(several["kernel"]) == pytest.approx(np.array(one["kernel"]), abs=1e-4)


@pytest.mark.usefixtures("trains")
def test_a_lost_worker_is_said_and_both_go_on_from_the_last_epoch(tmp_path: Path) -> None:
    left, lost = start_two(tmp_path, 10_000)
    for _ in range(3000):
        if (tmp_path / "0" / "train" / "checkpoint.npz").exists() and (
            tmp_path / "1" / "train" / "checkpoint.npz"
        ).exists():
            break
        try:
            left.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    lost.send_signal(signal.SIGKILL)
    lost.communicate()
    found = outcome(left)
    assert str(found["problem"]).startswith("another worker was lost")
    assert "same commands" in str(found["remedy"])


def test_workers_that_would_go_on_from_different_epochs_do_not_begin(
    two_workers: tuple[Path, list[dict[str, object]]], tmp_path: Path
) -> None:
    shutil.copytree(two_workers[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "1" / "train" / "checkpoint.npz").unlink()
    for process in start_two(tmp_path, 4):
        assert "would not train the same" in str(outcome(process)["problem"])


def test_a_worker_that_does_not_come_is_named() -> None:
    mine, others = free_ports(2)
    with pytest.raises(BuildError, match=f"no worker answers at 127.0.0.1:{others} ") as caught:
        await_workers(Workers((f"127.0.0.1:{mine}", f"127.0.0.1:{others}"), 0), 0.5)
    assert "TF_CONFIG" in caught.value.remedy


@pytest.mark.parametrize(
    "tf_config",
    [
        None,
        "no JSON",
        '{"cluster": {"worker": ["one:1"]}}',
        '{"cluster": {"worker": ["one:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["one"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["one:1"]}, "task": {"type": "ps", "index": 0}}',
        '["worker"]',
    ],
)
def test_a_missing_or_wrong_tf_config_is_refused_with_an_example(tf_config: str | None) -> None:
    with pytest.raises(BuildError, match="TF_CONFIG") as caught:
        workers_of(tf_config)
    assert json.loads(caught.value.remedy.partition("to ")[2])["task"]["index"] == 0


def test_all_gpus_are_not_asked_for_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow.config, "list_logical_devices", lambda kind: [])
    with pytest.raises(BuildError, match="finds no GPU"):
        strategy_of(MachinesConfig("all", "float32", 1.0))


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.usefixtures("trains")
def test_mixed_precision_trains_weights_that_answer_in_whole_precision(
    precision: Literal["mixed_float16", "mixed_bfloat16"], config: Config, tmp_path: Path
) -> None:
    with to_be_trained(MachinesConfig("one", precision, 1.0)):
        network = build_network("compact", 5)
        recipe = config.with_own("compact", {"epochs": 1, "batch_photos": 8}).network_of("compact").recipe
        compile_network(network, recipe, 16)
    assert network.layers[-3].compute_dtype == precision.removeprefix("mixed_")
    assert network.output.dtype == tensorflow.float32
    random = np.random.default_rng(2)
    pixels, labels = random.integers(0, 256, (16, 75, 100, 3), dtype=np.uint8), np.arange(16) % 7
    fit(network, (pixels, labels), (pixels, labels), recipe, tmp_path / "checkpoint.npz")
    plain = build_network("compact")
    assert tf_keras.mixed_precision.global_policy().name == plain.layers[-3].dtype_policy.name == "float32"
    plain.set_weights(network.get_weights())
    assert predict(plain, pixels) == pytest.approx(predict(network, pixels), abs=0.02)
