"""Makes the site work offline: writes the service worker, with the list of the site's files and their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path

from builder.folders import NODE_MODULES

WORKBOX = ("core", "routing", "strategies", "precaching")  # in the order in which they need each other
SERVICE_WORKER = "sw.js"
LISTED = re.compile(r'"url": "([^"]+)",\s+"revision": "([0-9a-f]{64})"')  # as `json.dumps` writes that list
PLACE_OF_LIST = "self.__WB_MANIFEST"  # Workbox's own name for it
KEPT = {".html", ".css", ".js", ".json", ".wasm", ".svg", ".png", ".webp", ".webmanifest"}
NOT_KEPT = (  # a star stands for slashes too
    "*.bin.js", "*.json.js", "*.wasm.js",  # disk copies, which only a page opened from disk loads
    "model/*/model.json",  # of the networks, which store.js keeps
    "vendor/workbox-*",  # a browser keeps what a service worker imports with the service worker
    SERVICE_WORKER,
    "404.html",  # the host shows it where there is nothing
)  # fmt: skip


def write_service_worker(template: Path, site: Path) -> None:
    """Write `sw.js` from its template. Call it last: it lists all other files of the site.

    The hashes make an update complete: while the host is between two versions, a file with another hash prevents the
    installation of the new version.
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
    """The SHA-256 of each file listed in the service worker of a built site, by its address in the site."""
    script = site / SERVICE_WORKER
    source = script.read_text(encoding="utf-8", errors="replace") if script.is_file() else ""
    return dict(LISTED.findall(source))


def _list_files(site: Path) -> list[str]:
    """The addresses of the files that the service worker keeps; hidden files are not part of the site."""
    names = (file.relative_to(site) for file in site.rglob("*") if file.suffix in KEPT and file.is_file())
    urls = (name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts))
    return sorted(url for url in urls if not any(fnmatchcase(url, pattern) for pattern in NOT_KEPT))
