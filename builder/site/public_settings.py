"""The settings of a build as everybody may read them: a path says something about whoever built the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.config.training import IMAGENET, NO_BASE


def public_settings(settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the settings, as `Config.as_dict` gives them, without paths; data: that part of the report."""
    return {
        **settings,
        "data": {**settings["data"], "source": data["source"], "test_source": data["test_source"]},
        "network": _without_path(settings["network"]),
        "networks": {name: _without_path(form) for name, form in settings["networks"].items()},
    }


def _without_path(form: Mapping[str, Any]) -> dict[str, Any]:
    weights = form["base_weights"]
    return {**form, "base_weights": weights if weights in (IMAGENET, NO_BASE) else "a file"}
