"""The hardware for training: one device, all GPUs of this machine, or several machines, by `tf.distribute`."""

from __future__ import annotations

import json
import os
import re
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from builder.config.training import MachinesConfig
from builder.errors import BuildError
from builder.progress import console

TRIED_EVERY_S = 0.2
EXAMPLE = '{"cluster": {"worker": ["one.example:2222", "two.example:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True, slots=True)
class Workers:
    """The content of TF_CONFIG: the addresses (`host:port`) of all workers, and which of them this process is."""

    addresses: tuple[str, ...]
    index: int


def workers_of(tf_config: str | None) -> Workers:
    """Read TF_CONFIG, as `tf.distribute` documents it; raises a BuildError if it is not valid."""
    try:
        found = json.loads(tf_config or "")
        workers = Workers(tuple(map(str, found["cluster"]["worker"])), int(found["task"]["index"]))
        for address in workers.addresses:
            int(address.rpartition(":")[2])
        is_usable = found["task"]["type"] == "worker" and 0 <= workers.index < len(workers.addresses)
    except (ValueError, KeyError, TypeError):
        is_usable = False
    if not is_usable:
        raise BuildError(
            "machines.devices is 'workers', but TF_CONFIG does not say which they are",
            remedy=f"set it on each of them, for example to {EXAMPLE}",
        )
    return workers


def await_workers(workers: Workers, patience_s: float) -> None:
    """Wait until every worker can be reached; raises a BuildError if one cannot for `patience_s` seconds.

    TensorFlow itself would wait forever, and ignore Ctrl-C.
    """
    port = workers.addresses[workers.index].rpartition(":")[2]
    missing = [address for index, address in enumerate(workers.addresses) if index != workers.index]
    until = time.monotonic() + patience_s
    with socket.create_server(("", int(port))):  # for the others, until TensorFlow answers here
        console.print(f"waiting for {len(missing)} of {len(workers.addresses)} workers")
        while missing := [address for address in missing if not _answers(address)]:
            if time.monotonic() > until:
                raise BuildError(
                    f"no worker answers at {', '.join(missing)} (waited {patience_s:.0f} s)",
                    remedy="start the same build there, or take the address out of TF_CONFIG everywhere",
                )
            time.sleep(TRIED_EVERY_S)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=TRIED_EVERY_S).close()
    except OSError:
        return False
    return True


def how_many_train(config: MachinesConfig) -> int:
    """How many workers share a batch, which changes each one's batch normalisation; 1 on a single machine."""
    return len(workers_of(os.environ.get("TF_CONFIG")).addresses) if config.devices == "workers" else 1


@cache
def strategy_of(config: MachinesConfig) -> Any:
    """Set up the hardware for training: before TensorFlow uses any device, and once per process."""
    if config.devices == "workers":
        await_workers(workers_of(os.environ.get("TF_CONFIG")), config.patience_s)
    from builder.quiet_tensorflow import tensorflow

    if config.devices == "one":
        return tensorflow.distribute.get_strategy()
    if config.devices == "workers":
        return tensorflow.distribute.MultiWorkerMirroredStrategy()
    if not tensorflow.config.list_logical_devices("GPU"):
        raise BuildError(
            "machines.devices is 'all', but TensorFlow finds no GPU",
            remedy="install TensorFlow with CUDA, see docs/machines.md, or leave it at 'one'",
        )
    return tensorflow.distribute.MirroredStrategy()


@contextmanager
def to_be_trained(config: MachinesConfig) -> Iterator[None]:
    """In this context, networks are built for training on these machines, in their precision."""
    from builder.quiet_tensorflow import tf_keras

    tf_keras.mixed_precision.set_global_policy(config.precision)
    try:
        with strategy_of(config).scope():
            yield
    finally:
        tf_keras.mixed_precision.set_global_policy("float32")


@contextmanager
def together(strategy: Any, state: str) -> Iterator[None]:
    """In this context, the workers train; raises a BuildError if they start from different states or one is lost.

    state: the state they start from.
    """
    from builder.quiet_tensorflow import tensorflow

    if not isinstance(strategy, tensorflow.distribute.MultiWorkerMirroredStrategy):
        yield
        return
    try:
        if len(set(_of_all_workers(strategy, zlib.crc32(state.encode())))) > 1:
            raise BuildError(
                "the workers would not train the same: their data, settings or finished epochs are not alike",
                remedy="give them the same data and command; or start afresh, each with an empty --work folder",
            )
        yield
    except tensorflow.errors.OpError as error:
        reason = re.search(r"aborted by: (.+)", error.message)
        raise BuildError(
            "another worker was lost" + (f" ({reason[1].strip()})" if reason else ""),
            remedy="start all of them again by the same commands: they go on from the last finished epoch",
        ) from error


def _of_all_workers(strategy: Any, number: int) -> list[int]:
    """That number of this worker, and of all others."""
    from builder.quiet_tensorflow import tensorflow

    of_each = strategy.run(lambda: tensorflow.constant([number], tensorflow.int64))
    return [int(found) for found in strategy.gather(of_each, axis=0)]
