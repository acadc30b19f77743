"""What each value in `config.toml` may be."""

from __future__ import annotations

import math
import sys
from typing import Any

from builder.errors import BuildError

MOST_SHOWN = 200  # signs of a value that is refused
SMALLEST_WIDTH_PX = 100  # of an input: that of the smallest frame that is not refused, see builder/photo/preprocess.py

# What each number may be: (section, key) -> (lowest, highest). Unlisted ones may be anything of their type.
LIMITS: dict[tuple[str, str], tuple[float, float]] = {
    ("demo", "photos"): (70, 1_000_000),  # fewer may leave a class out of a part of the split
    ("demo", "seed"): (0, 2**32 - 1),
    ("demo", "epochs"): (1, 10_000),
    ("split", "test_share"): (0.01, 0.99),
    ("split", "validation_share"): (0.01, 0.99),
    ("split", "folds"): (2, 100),
    ("split", "fold"): (1, 100),
    ("split", "seed"): (0, 2**32 - 1),
    ("augment", "mirror_share"): (0, 1),
    ("augment", "zoom_keep_share"): (0.1, 1),
    ("augment", "seed"): (0, 2**32 - 1),
    ("network", "width_px"): (SMALLEST_WIDTH_PX, 1000),
    ("training", "epochs"): (1, 10_000),
    ("training", "batch_photos"): (1, 10_000),
    ("training", "learning_rate"): (1e-12, 10),
    ("training", "decay"): (0, 1),
    ("training", "weight_decay"): (0, 10),
    ("training", "warm_up_epochs"): (0, 1000),
    ("training", "averaging_epochs"): (0, 1000),
    ("training", "label_smoothing"): (0, 0.9),
    ("training", "class_balance"): (0, 1),
    ("training", "mix_up"): (0, 10),
    ("training", "plain_share"): (0, 1),
    ("training", "frozen_epochs"): (0, 10_000),
    ("training", "fine_tune_rate"): (1e-12, 10),
    ("training", "seed"): (0, 2**32 - 1),
    ("machines", "patience_s"): (0, 86_400),
    ("calibration", "malignant_sensitivity"): (0, 1),
    ("calibration", "sure_right"): (0, 1),
    ("calibration", "fairly_sure_right"): (0, 1),
    ("calibration", "fewest_photos"): (1, 1_000_000),
    ("scope", "refused_share"): (0, 0.5),
    ("scope", "seed"): (0, 2**32 - 1),
    ("evaluation", "resamples"): (10, 1_000_000),
    ("evaluation", "fewest_lesions"): (1, 1_000_000),
    ("evaluation", "fewest_lesions_a_side"): (1, 1_000_000),
    ("evaluation", "seed"): (0, 2**32 - 1),
    ("leakage", "epochs"): (1, 10_000),
    ("search", "trials"): (1, 100_000),
    ("search", "folds"): (2, 100),
    ("search", "seed"): (0, 2**32 - 1),
}
WORDS = {
    ("split", "rule"): ("auto", "by lesion", "k-fold", "own"),
    ("demo", "keep"): ("last", "best"),
    ("training", "keep"): ("last", "best"),
    ("training", "augmentation"): ("twins", "random"),
    ("training", "optimizer"): ("rmsprop", "adamw"),
    ("machines", "devices"): ("one", "all", "workers"),
    ("machines", "precision"): ("float32", "mixed_float16", "mixed_bfloat16"),
    ("search", "method"): ("grid", "random", "halving"),
    ("search", "figure"): ("accuracy", "balanced_accuracy", "macro_auc"),
    ("export", "weights"): ("mixed", "float32"),
}


def refuse_unknown(table: dict[str, Any], section: str, hints: dict[str, Any], where: str) -> None:
    """Raise a BuildError where the table has a key that is none of `hints`; where: the file that it is in."""
    if unknown := sorted(set(table) - set(hints)):
        raise BuildError(f"{where} [{section}]: unknown key {shown(unknown[0])}", remedy=keys_of(hints))


def keys_of(hints: dict[str, Any]) -> str:
    """The keys that a table may have, for a message."""
    return f"its keys are: {', '.join(hints)}"


def checked(section: str, key: str, value: Any, hint: Any) -> Any:
    """The value as the type `hint`, or a BuildError unless it may be what the tables above say of that key."""
    if hint == tuple[str, ...]:
        value = _list_of_words(value)
        hint = tuple
    return within(f"{section}.{key}", value, hint, WORDS.get((section, key)), LIMITS.get((section, key)))


def within(name: str, value: Any, hint: Any, words: tuple[str, ...] | None, limits: tuple[float, float] | None) -> Any:
    """The value as that type, or a BuildError unless it is one of the words and within the limits, if there are any."""
    if hint is float and type(value) is int:
        value = float(value) if abs(value) <= sys.float_info.max else math.inf
    wanted = None
    if type(value) is not hint:
        wanted = {
            int: "a whole number",
            float: "a number",
            str: "a word",
            bool: "true or false",
            tuple: 'a list of words, as ["compact", "cnn"]',
        }[hint]
    elif words and value not in words:
        wanted = f"one of: {', '.join(words)}"
    elif limits and not limits[0] <= value <= limits[1]:
        wanted = f"from {limits[0]:g} to {limits[1]:g}"
    elif hint is str and "\0" in value:
        wanted = "text without NUL"
    if wanted:
        raise BuildError(f"{name} is {shown(value)}", remedy=f"it must be {wanted}")
    return value


def shown(value: Any) -> str:
    """A value for a message: on one line, and no longer than that."""
    if type(value) is int and abs(value) > sys.maxsize:
        return "a number of very many digits"
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _list_of_words(value: Any) -> Any:
    """A tuple of words; on the command line, words with commas between them will do."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return tuple(value) if isinstance(value, list) and all(isinstance(word, str) for word in value) else value
