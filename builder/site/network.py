"""A network of a built site, loaded for use in the terminal: it answers as it does on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.errors import BuildError
from builder.photo.quality import Measures
from builder.predict.decision import decide
from builder.site.built import read_site_json
from builder.site.file_names import REPORT
from builder.wording import meant

if TYPE_CHECKING:
    from builder.predict.ood_detector import Detector


class Answer(NamedTuple):
    """A network's answer for a photo. probabilities: (7,). ood_score: how unlike the training photos it is."""

    probabilities: NDArray[np.float32]
    ood_score: float
    decision: dict[str, Any]  # as `decide` returns it


class SiteNetwork:
    """An exported network with dequantized weights, and the limits in its card."""

    def __init__(self, site: Path, card: dict[str, Any]) -> None:
        """Load the network; card: from `read_card`, which has checked the network's files."""
        from builder.export.layers_model import load_layers_model
        from builder.predict.ood_detector import cell_outputs, detector_of
        from builder.quiet_tensorflow import tf_keras

        self.name: str = card["name"]
        self.card = card
        self.width_px: int = self.card["input"]["width_px"]
        self._detector: Detector = detector_of(self.card["judgement"]["scope"])
        network = load_layers_model(site / "model" / self.name)
        # One model for probabilities and the detector's cells, so that their common layers are computed once.
        outputs = [network.output, *cell_outputs(network, self._detector.looked_at)]
        self._outputs = tf_keras.Model(network.inputs, outputs)

    def answer(self, pixels: Sequence[NDArray[np.uint8]], measures: Sequence[Measures]) -> list[Answer]:
        """Answer photos of shape (height, width, 3), which have the size of the network's input."""
        from builder.predict.trained import in_batches

        answers: list[Answer] = []
        for batch in in_batches(np.stack(pixels)):
            probabilities, *cells = self._outputs.predict_on_batch(batch)
            answers += [
                Answer(row, float(score), decide(row.tolist(), float(score), measured, self.card["judgement"]))
                for row, score, measured in zip(
                    probabilities, self._detector.score(cells), measures[len(answers) :], strict=False
                )
            ]
        return answers


def network_names_of(site: Path) -> list[str]:
    """The names of the site's networks, the page's first network first. Raises BuildError if there is no site."""
    if not (site / REPORT).is_file():
        raise BuildError("there is no built network yet", remedy="run python build.py first")
    try:
        return list(read_site_json(site, REPORT)["networks"])
    except (LookupError, TypeError) as error:
        raise BuildError(f"{site / REPORT} is damaged", remedy="run python build.py again") from error


def choose_network(site: Path, network: str | None) -> str:
    """The name of the requested network, or of the page's first one. Raises BuildError if the site does not have it."""
    names = network_names_of(site)
    if network and network not in names:
        raise BuildError(
            f"the site has no network '{network}'", remedy=f"{meant(network, names)}It has: {', '.join(names)}"
        )
    return network or names[0]
