"""Disk copies: each file that the page fetches also exists as a script, for pages opened from disk.

A browser lets a page opened from disk load a script but not fetch a file. The disk copy of `a/b.bin` is `a/b.bin.js`
and holds one line, which `web_template/js/site/bytes.js` reads:

    Bytes.handOver("a/b.bin", "<the file's bytes in base64>");

The name is the file's address in the site, with forward slashes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

SUFFIX = ".js"


def disk_copy_of(path: Path) -> Path:
    """The path of a file's disk copy."""
    return path.with_name(path.name + SUFFIX)


def write_disk_copy(path: Path, site_root: Path) -> Path:
    """Write the disk copy of one file of the site; the same file always gives the same copy."""
    name = json.dumps(path.relative_to(site_root).as_posix())
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    disk_copy = disk_copy_of(path)
    disk_copy.write_text(f'Bytes.handOver({name}, "{content}");\n', encoding="ascii", newline="\n")
    return disk_copy
