"""The works that the pages cite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a fact; titles stay in their own language."""

    publisher: str
    title: str
    address: str


HAM10000 = Source(
    "Tschandl, Rosendahl, Kittler 2018",
    "The HAM10000 dataset, a large collection of multi-source dermatoscopic images of common pigmented skin lesions",
    "https://doi.org/10.1038/sdata.2018.161",
)
# Behind what the page does, by the message how.source-<key> that says which work is for what.
METHODS = {
    "data": HAM10000,
    "calibration": Source(
        "Guo, Pleiss, Sun, Weinberger 2017",
        "On calibration of modern neural networks",
        "https://arxiv.org/abs/1706.04599",
    ),
    "heat": Source(
        "Selvaraju and others 2017",
        "Grad-CAM: visual explanations from deep networks via gradient-based localization",
        "https://arxiv.org/abs/1610.02391",
    ),
    "software": Source(
        "Smilkov and others 2019",
        "TensorFlow.js: machine learning for the web and beyond",
        "https://arxiv.org/abs/1901.05350",
    ),
}
