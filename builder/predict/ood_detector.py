"""The out-of-distribution detector: how unlike the training photos a photo is, in the network's first layers.

The page computes the same in `web_template/js/network/ood.js`; the two must agree. The last layers would not do: they
keep what separates lesions, and have lost what separates a lesion from a cup of coffee.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from builder.files.regular import read_json
from builder.network import Network
from builder.predict.trained import Pixels, in_batches
from builder.progress import Advance
from builder.quiet_tensorflow import tf_keras

Floats = NDArray[np.float64]
Cells = list[NDArray[np.float32]]  # of each layer (photos, rows, columns, channels)

LAYERS = (0, 4)  # of the activations, from the input: one to see structure by, one for the Gaussian's features
CELLS_ACROSS, CELLS_DOWN = 20, 15  # of the photo, averaged over: noise and hairs are gone, a lesion is not
REACH = 2  # cells from one to those it is held against: about the distance from a lesion's middle to its edge
LEVEL = 1.0  # added before the logarithm; the network takes 0..255, so this is the step between two colours


@dataclass(frozen=True, slots=True)
class Detector:
    """A Gaussian fitted to the training photos' features, and the amount of structure in these photos.

    Emptiness has its own limit: bare skin is near the centre of the Gaussian, as pale lesions are.

    layers: names, first the layer for structure. cell_px: the side of a cell in pixels of each layer. mean, scale:
    (features,). root: (features, features) lower triangle; its product with its transpose is the inverse covariance of
    the scaled features (Mahalanobis 1936; for networks' features Lee and others, NeurIPS 2018). Distance and emptiness
    are each divided by a limit; the OOD score is the larger of the two.
    """

    layers: list[str]
    cell_px: list[int]
    mean: Floats
    scale: Floats
    root: Floats
    structure_mean: float
    structure_scale: float
    distance_limit: float
    emptiness_limit: float

    @property
    def looked_at(self) -> dict[str, int]:
        """Names of the layers used, with the side of their cells, as `detector_layers` returns them."""
        return dict(zip(self.layers, self.cell_px, strict=True))

    def score(self, cells: Cells) -> Floats:
        """How unlike the training photos each photo is, (photos,): above 1 it does not look like a lesion photo."""
        distance, emptiness = self.measure(cells)
        return np.maximum(distance / self.distance_limit, emptiness / self.emptiness_limit)

    def measure(self, cells: Cells) -> tuple[Floats, Floats]:
        """Distance and emptiness, (photos,) each, in standard deviations."""
        scaled = (features_of(cells) - self.mean) / self.scale
        distance = np.sqrt(((scaled @ self.root) ** 2).sum(axis=1))
        return distance, (self.structure_mean - structure_of(cells)) / self.structure_scale

    def as_dict(self) -> dict[str, Any]:
        """For the card: 32-bit numbers in base64; of the triangle only the non-zero half, row by row."""
        rows, columns = np.tril_indices(len(self.mean))
        return {
            "threshold": 1.0,
            "layers": self.layers,
            "cell_px": self.cell_px,
            "reach": REACH,
            "level": LEVEL,
            "mean": _packed(self.mean),
            "scale": _packed(self.scale),
            "root": _packed(self.root[rows, columns]),
            "structure": {"mean": self.structure_mean, "scale": self.structure_scale},
            "distance_limit": self.distance_limit,
            "emptiness_limit": self.emptiness_limit,
        }


def detector_of(limits: Mapping[str, Any]) -> Detector:
    """The detector in a card's `judgement.scope`."""
    mean = _unpacked(limits["mean"])
    root = np.zeros((len(mean), len(mean)))
    root[np.tril_indices(len(mean))] = _unpacked(limits["root"])
    return Detector(
        limits["layers"], limits["cell_px"], mean, _unpacked(limits["scale"]), root,
        limits["structure"]["mean"], limits["structure"]["scale"], limits["distance_limit"], limits["emptiness_limit"],
    )  # fmt: skip


def load_ood_limits(ood: Path) -> dict[str, Any]:
    """The limits that the stage `ood` saved, as in the card's `judgement`: `scope` (this detector) and `quality`."""
    limits: dict[str, Any] = read_json(ood / "ood.json")["limits"]
    return limits


def fit_detector(layers: dict[str, int], training: Cells, validation: Cells, refused: tuple[float, float]) -> Detector:
    """Fit on training photos; set both limits so that each refuses at most its share (0-1) of the validation photos.

    layers: as `detector_layers` returns them. The covariance is shrunk (Ledoit and Wolf 2004), since there may be few
    photos for so many features.
    """
    features, structure = features_of(training), structure_of(training)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1)  # a channel that is always dead
    root = np.linalg.cholesky(LedoitWolf(assume_centered=True).fit((features - mean) / scale).precision_)
    unlimited = Detector(
        list(layers),
        list(layers.values()),
        _rounded(mean),
        _rounded(scale),
        _rounded(root),
        float(structure.mean()),
        float(structure.std()),
        1,
        1,
    )
    distance, emptiness = unlimited.measure(validation)
    return replace(
        unlimited, distance_limit=_limit(distance, refused[0]), emptiness_limit=_limit(emptiness, refused[1])
    )


def detector_layers(network: Network) -> dict[str, int]:
    """The names of the layers to use, each with the side of its cells in its own pixels."""
    activations = [layer for layer in network.layers if _activates(layer)]
    looked_at = [activations[min(index, len(activations) - 1)] for index in LAYERS]
    return {layer.name: max(1, round(layer.output.shape[2] / CELLS_ACROSS)) for layer in looked_at}


def _activates(layer: Any) -> bool:
    activation = getattr(layer, "activation", tf_keras.activations.linear)
    is_fine = len(layer.output.shape) == 4 and layer.output.shape[1] >= CELLS_DOWN
    is_relu = isinstance(layer, tf_keras.layers.ReLU)  # a layer that has none, but is one
    return is_fine and (is_relu or activation is not tf_keras.activations.linear)


def cells_of(network: Network, layers: Mapping[str, int], pixels: Pixels, advance: Advance | None = None) -> Cells:
    """The outputs of these layers for pixels (photos, height, width, 3), averaged over their cells."""
    beginning = tf_keras.Model(network.inputs, cell_outputs(network, layers))
    batches = [beginning.predict_on_batch(batch) for batch in in_batches(pixels, advance)]
    return [np.concatenate(of_layer) for of_layer in zip(*batches, strict=True)]


def cell_outputs(network: Network, layers: Mapping[str, int]) -> list[Any]:
    """The tensors that `cells_of` computes: the output of each layer, averaged over its cells."""
    return [
        tf_keras.layers.AveragePooling2D(cell_px, name=f"cells_of_{name}")(network.get_layer(name).output)
        for name, cell_px in layers.items()
    ]


def features_of(cells: Cells) -> Floats:
    """Log of mean, spread and relief for every channel of all layers but the first: (photos, features)."""
    features = []
    for layer in cells[1:]:
        values = layer.astype(np.float64)
        features += [values.mean(axis=(1, 2)), values.std(axis=(1, 2)), _relief(values)]
    return np.asarray(np.log(np.concatenate(features, axis=1) + LEVEL))


def structure_of(cells: Cells) -> Floats:
    """The relief in the first layer, (photos,): almost none on bare skin, whatever its colour and light."""
    return np.asarray(np.log(_relief(cells[0].astype(np.float64)) + LEVEL).mean(axis=1))


def _relief(values: Floats) -> Floats:
    """How much cells differ from their neighbours, root mean square: (photos, channels). Even slopes give zero."""
    inner = slice(REACH, -REACH)
    above, below = values[:, : -2 * REACH, inner], values[:, 2 * REACH :, inner]
    left, right = values[:, inner, : -2 * REACH], values[:, inner, 2 * REACH :]
    off = 4 * values[:, inner, inner] - above - below - left - right
    return np.asarray(np.sqrt((off**2).mean(axis=(1, 2))))


def _limit(values: Floats, refused: float) -> float:
    """The lowest limit that at most that share of such photos exceeds, counting one future photo (conformal)."""
    exceeding = int(refused * (len(values) + 1))
    return float(np.sort(values)[len(values) - 1 - exceeding])


def _rounded(values: Floats) -> Floats:
    return values.astype(np.float32).astype(np.float64)


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _unpacked(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)
