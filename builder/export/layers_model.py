"""Wraps the `tensorflowjs` package: only its writer and its reader of layers models.

The package as a whole cannot be installed beside current TensorFlow: it requires tensorflow-decision-forests (which
pins TensorFlow 2.19 and has no build for Windows or Linux on arm64), `ydf` (which needs another protobuf) and JAX, and
its two `__init__` files import all of them. The writer and the reader need none of them. So the package is installed
without its dependencies, and its `__init__` files are bypassed.
"""

from __future__ import annotations

import importlib.util
import sys
import types
import warnings
from pathlib import Path
from typing import Any

from builder.quiet_tensorflow import tf_keras


def save_layers_model(network: Any, folder: Path, *, quantized: dict[str, list[str]], shard_bytes: int) -> None:
    """Write `model.json` and `group1-shardNofM.bin` files into `folder`.

    quantized: the names of weights (`layer/kernel`) by the type they are stored in, `uint8` or `float16`.
    """
    conversion = _converters("keras_h5_conversion")
    with warnings.catch_warnings():
        # The writer goes through an HDF5 file of its own, which Keras calls legacy.
        warnings.filterwarnings("ignore", message="You are saving your model as an HDF5 file")
        conversion.save_keras_model(
            network, str(folder), quantization_dtype_map=quantized, weight_shard_size_bytes=shard_bytes
        )


def load_layers_model(folder: Path) -> Any:
    """Read a layers model back as a tf_keras model with the weights that the browser will use: dequantized."""
    tf_keras.backend.clear_session()  # or the weights get names that are not those in the file
    return _converters("keras_tfjs_loader").load_keras_model(str(folder / "model.json"))


def _converters(module: str) -> Any:
    for package in ("tensorflowjs", "tensorflowjs.converters"):
        if package not in sys.modules:
            _register_bare(package)
    return importlib.import_module(f"tensorflowjs.converters.{module}")


def _register_bare(package: str) -> None:
    parent, _, name = package.rpartition(".")
    if parent:
        paths = [str(Path(path) / name) for path in sys.modules[parent].__path__]
    else:
        spec = importlib.util.find_spec(package)
        assert spec and spec.submodule_search_locations, "requirements.lock lists tensorflowjs"
        paths = list(spec.submodule_search_locations)
    bare = types.ModuleType(package)
    bare.__path__ = paths
    sys.modules[package] = bare
