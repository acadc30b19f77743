"""Reads files of a built site, and compares each with the hash that the site has of it.

The service worker lists the hashes of the pages' files, a model card those of its weights.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from builder.errors import BuildError
from builder.export.card import card_problem
from builder.site.messages import classes_in_english
from builder.site.offline import SERVICE_WORKER, listed_hashes


def read_site_json(site: Path, name: str) -> Any:
    """The content of the site's JSON file `name`. Raises a BuildError if it has changed since the build."""
    hashes = listed_hashes(site)
    if name not in hashes:
        raise _damaged(site / SERVICE_WORKER)
    return json.loads(_content(site / name, hashes[name]))


def read_card(site: Path, network: str) -> dict[str, Any]:
    """The model card of a network. Raises a BuildError if card or weights have changed since the build."""
    folder = f"model/{network}"
    card: dict[str, Any] = read_site_json(site, f"{folder}/card.json")
    if problem := card_problem(card, network, classes_in_english()):
        raise BuildError(
            f"the card of the network '{network}' is damaged: {problem}",
            remedy="run python build.py again, which makes it anew",
        )
    for file in card["files"]:
        _content(site / folder / file["path"], file["sha256"])
    return card


def _content(file: Path, sha256: str) -> bytes:
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _damaged(file)
    return content


def _damaged(file: Path) -> BuildError:
    return BuildError(
        f"{file} is damaged or missing", remedy="run python build.py, with the same options as before: it makes it anew"
    )
