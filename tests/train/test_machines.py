"""Training on several devices and machines: the same as on one, and a clear word when a machine is missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
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
# A line for each number of epochs that it has come to; and, but for workers, for one device and for two.
TRAIN = """
import json, sys
from dataclasses import replace
from pathlib import Path
import tensorflow
is_worker, folder = sys.argv[1] == "workers", Path(sys.argv[2])
if not is_worker:
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
    strategy = strategy_of(MachinesConfig("workers" if is_worker else "one", "float32", 60.0))
    from builder.quiet_tensorflow import tf_keras
    from builder.train.stage import fit
    from builder.train.recipe import compile_network
    recipe = read_config(Path("config.toml"), source="demo").network_of("cnn").recipe
    recipe = replace(recipe, batch_photos=8, learning_rate=1e-3)
    random = np.random.default_rng(1)
    labels = np.arange(32) % 7
    pixels = (random.integers(0, 128, (32, 75, 100, 3)) + 18 * labels[:, None, None, None]).astype(np.uint8)

    def train(strategy, folder):
        with strategy.scope():
            photo = tf_keras.Input((75, 100, 3))
            means = tf_keras.layers.AveragePooling2D(25)(tf_keras.layers.Rescaling(1 / 255)(photo))
            logits = tf_keras.layers.Dense(7, kernel_initializer="zeros")(tf_keras.layers.Flatten()(means))
            network = tf_keras.Model(photo, tf_keras.layers.Activation("softmax")(logits))
            compile_network(network, recipe, 32)
        folder.mkdir(parents=True, exist_ok=True)
        for epochs in map(int, sys.argv[3:]):
            so_long = replace(recipe, epochs=epochs)
            history = fit(network, (pixels, labels), (pixels[:9], labels[:9]), so_long, folder / "checkpoint.npz")
            print(json.dumps({"history": history, "kernel": network.get_weights()[0].tolist()}), flush=True)

    train(strategy, folder / "train")
    if not is_worker:
        train(tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), folder / "on two")
except BuildError as error:
    print(json.dumps({"problem": error.problem, "remedy": error.remedy}))
"""


@pytest.fixture
def config() -> Config:
    return read_config(REPOSITORY / "config.toml", source="demo")


def start(devices: str, folder: Path, *epochs: int, tf_config: str | None = None) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    if tf_config:
        environment["TF_CONFIG"] = tf_config
    command = [sys.executable, "-c", TRAIN, devices, str(folder), *map(str, epochs)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def outcomes(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    """What it says until it ends, but how far the training is."""
    out, err = process.communicate()
    assert process.returncode == 0, err[-3000:]
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def next_outcome(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{"):
            found: dict[str, object] = json.loads(line)
            return found
    raise AssertionError(process.communicate()[1][-3000:])


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def start_two(folder: Path, *epochs: int) -> list[subprocess.Popen[str]]:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    configs = [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}) for index in (0, 1)
    ]
    return [start("workers", folder / str(index), *epochs, tf_config=given) for index, given in enumerate(configs)]


def figures(found: dict[str, object]) -> np.ndarray:
    history: list[dict[str, float]] = found["history"]  # type: ignore[assignment]
    return np.array([list(epoch.values()) for epoch in history])


@dataclass(frozen=True)
class TwoWorkers:
    folder: Path  # of each, as they left it
    trained: list[dict[str, object]]  # by each in three epochs
    said: dict[str, object]  # by the first when, some epochs later, the second was lost


@pytest.fixture(scope="module")
def two_workers(trains: None, tmp_path_factory: pytest.TempPathFactory) -> TwoWorkers:
    folder = tmp_path_factory.mktemp("workers")
    left, lost = processes = start_two(folder, 3, 10_000)
    try:
        trained = [next_outcome(process) for process in processes]
        checkpoints = [folder / str(index) / "train" / "checkpoint.npz" for index in (0, 1)]
        after_three = [file.stat().st_mtime_ns for file in checkpoints]
        while any(file.stat().st_mtime_ns == then for file, then in zip(checkpoints, after_three, strict=True)):
            assert left.poll() is None, outcomes(left)
            time.sleep(0.02)
        lost.send_signal(signal.SIGKILL)
        lost.communicate()
        [said] = outcomes(left)
    finally:
        for process in processes:
            process.kill()  # or it would train on for hours
    return TwoWorkers(folder, trained, said)


def test_two_workers_and_two_devices_train_what_one_trains(two_workers: TwoWorkers, tmp_path: Path) -> None:
    first, second = two_workers.trained
    assert first == second
    one, two = outcomes(start("one and two", tmp_path, 3))
    assert figures(one)[-1][1] < figures(one)[0][1]  # it learns
    for several in (first, two):
        assert figures(several) == pytest.approx(figures(one), abs=1e-4)
        assert np.array(several["kernel"]) == pytest.approx(np.array(one["kernel"]), abs=1e-4)


def test_a_lost_worker_is_said_and_both_go_on_from_the_last_epoch(two_workers: TwoWorkers) -> None:
    assert str(two_workers.said["problem"]).startswith("another worker was lost")
    assert "same commands" in str(two_workers.said["remedy"])


def test_workers_that_would_go_on_from_different_epochs_do_not_begin(two_workers: TwoWorkers, tmp_path: Path) -> None:
    shutil.copytree(two_workers.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "1" / "train" / "checkpoint.npz").unlink()
    for process in start_two(tmp_path, 10_000):
        [found] = outcomes(process)
        assert "would not train the same" in str(found["problem"])


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
    precision: Literal["mixed_float16", "mixed_bfloat16"],
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("builder.network.compact.STAGES", (24, 48))  # processors take 16 bits one by one
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
