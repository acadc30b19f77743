"""The base of a network: which layers belong to it, and their initial weights.

Keras's own loader downloads them, and keeps them in its cache (`~/.keras/models`).
"""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder.config.training import IMAGENET, NO_BASE, OTHER_BASE
from builder.errors import BuildError
from builder.network import Network, design_of
from builder.progress import console
from builder.quiet_tensorflow import tensorflow, tf_keras
from builder.wording import in_home

SILENCE_S = 60  # without a byte, until the connection counts as lost; Keras itself would wait for ever
FAILED = "URL fetch failure"  # how Keras's loader begins, in a plain Exception
UNFIT = (OSError, ValueError, KeyError, tensorflow.errors.OpError)  # no file of weights, or of other layers or shapes


def base_layers(network: Network) -> list[Any]:
    """The layers of the network that belong to its base, from the input on; empty if it has no base."""
    base = design_of(network.name).base
    if not base:
        return []
    names = {layer.name for layer in _application(base, network, None).layers}
    return [layer for layer in network.layers[1:] if layer.name in names]


def begin_with_base(network: Network, weights: str) -> None:
    """Load the weights of the base's layers: from ImageNet, or from a file in Keras's format. Raises BuildError.

    weights: "imagenet", the path of a file, or "none", which keeps the random initial weights.
    """
    base = design_of(network.name).base
    if not base or weights == NO_BASE:
        return
    loaded = _fetched(base, network) if weights == IMAGENET else _read(base, network, in_home(weights))
    for layer in loaded.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())


def _application(base: str, network: Network, weights: str | None) -> Network:
    build = getattr(tf_keras.applications, base)
    return build(include_top=False, weights=weights, input_shape=network.input_shape[1:])


def _read(base: str, network: Network, file: Path) -> Network:
    try:
        return _application(base, network, str(file))
    except UNFIT as error:
        raise BuildError(
            f"{file} does not hold the weights of {base} without its top ({_first_line(error)})", remedy=OTHER_BASE
        ) from error


def _fetched(base: str, network: Network) -> Network:
    console.print(f"{base} begins with what it learned on ImageNet; Keras fetches that once")
    try:
        with _not_waiting_for_ever(), _without_plain_http():
            return _application(base, network, IMAGENET)
    except TimeoutError as error:
        raise _unreachable(base, "the connection was lost") from error
    except UNFIT as error:
        raise BuildError(
            f"the weights of {base} that Keras keeps are damaged ({_first_line(error)})",
            remedy=f"delete them in ~/.keras/models, or {OTHER_BASE}",
        ) from error
    except Exception as error:
        if not str(error).startswith(FAILED):
            raise
        raise _unreachable(base, _first_line(error)) from error


def _unreachable(base: str, reason: str) -> BuildError:
    return BuildError(f"the ImageNet weights of {base} cannot be fetched ({reason})", remedy=OTHER_BASE)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Refuses redirects from https to anything else: Keras checks no hash of these weights."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError(f"{req.full_url} redirects to an address without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _without_plain_http() -> Iterator[None]:
    urllib.request.install_opener(urllib.request.build_opener(_HttpsOnly))
    try:
        yield
    finally:
        urllib.request.install_opener(None)  # as it was: made anew when it is used


@contextmanager
def _not_waiting_for_ever() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
