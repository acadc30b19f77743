"""Stores a network's weights in shards: the number of shards, and the number of bits for the large kernels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from builder.export.layers_model import save_layers_model
from builder.network import Network, design_of

ORIGIN_SHARD_BYTES = 4 * 1024 * 1024
# Of all weights: such kernels may be stored in 8 bits, their errors average out; those of the first layers are smaller.
LARGE_KERNEL_SHARE = 0.07
STORED_BYTES = {"uint8": 1, "float16": 2}


def write_model(network: Network, large_kernels: str, folder: Path) -> None:
    """Write `model.json` and its shards: `float32` weights in the origin's 4 MiB shards, others in smaller shards.

    large_kernels: the type of the kernels that hold most weights, `uint8` or `float16`; all others are float16.
    """
    shards = design_of(network.name).shards
    if large_kernels == "float32":
        save_layers_model(network, folder, quantized={}, shard_bytes=ORIGIN_SHARD_BYTES)
        return
    by_type: dict[str, list[Any]] = {"float16": [], "uint8": []}
    fewest = LARGE_KERNEL_SHARE * network.count_params()
    for weight in network.weights:
        by_type[large_kernels if math.prod(weight.shape) >= fewest else "float16"].append(weight)
    stored_bytes = sum(STORED_BYTES[kind] * math.prod(weight.shape) for kind in by_type for weight in by_type[kind])
    save_layers_model(
        network,
        folder,
        quantized={kind: [_name(weight) for weight in weights] for kind, weights in by_type.items() if weights},
        shard_bytes=math.ceil(stored_bytes / (shards or math.ceil(stored_bytes / ORIGIN_SHARD_BYTES))),
    )


def _name(weight: Any) -> str:
    return str(weight.name).removesuffix(":0")
