"""Twins: every file the page fetches also stands there as a script, for pages opened from disk.

A browser lets a page opened from disk load a script but not fetch a file. The twin of `a/b.bin` is `a/b.bin.js`
and holds one line, which `web_template/js/site/bytes.js` takes in:

    Bytes.handOver("a/b.bin", "<the file's bytes in base64>");

The name is the file's address in the site, with forward slashes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

SUFFIX = ".js"


def twin_of(path: Path) -> Path:
    """Where the twin of a file stands."""
    return path.with_name(path.name + SUFFIX)


def write_twin(path: Path, site_root: Path) -> Path:
    """Write the twin of one file of the site; the same file always gives the same twin."""
    name = json.dumps(path.relative_to(site_root).as_posix())
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    twin = twin_of(path)
    twin.write_text(f'Bytes.handOver({name}, "{content}");\n', encoding="ascii", newline="\n")
    return twin
