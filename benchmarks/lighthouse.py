"""Lighthouse's scores of the site in site/, as a phone on a slow line would see it.

    .venv/bin/python benchmarks/lighthouse.py [PAGE...]        (report.html and index.html without an argument)

Fetches Lighthouse through npm on first use; CHROME_PATH names a Chrome or Chromium where it finds none by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from build import npm_command  # noqa: E402  (the package is not installed)
from builder.site.serve import SUB_PATH, make_server  # noqa: E402

SITE = REPOSITORY / "site"
LIGHTHOUSE = "lighthouse@12.8.2"
PAGES = ["report.html", "index.html"]
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")


def measure(address: str, into: Path) -> None:
    """Print the scores and times of one page."""
    arguments = [address, "--quiet", "--output=json", f"--output-path={into}"]
    lighthouse = [*npm_command(), "exec", "--yes", "--", LIGHTHOUSE, *arguments]
    if subprocess.call([*lighthouse, "--chrome-flags=--headless=new --no-sandbox"]):
        raise SystemExit(f"Lighthouse did not finish; {address} was not measured")
    result = json.loads(into.read_text(encoding="utf-8"))
    print(address)
    for category in result["categories"].values():
        print(f"  {category['title']:<16}{100 * category['score']:.0f}")
    for name in TIMES:
        print(f"  {name:<26}{result['audits'][name]['displayValue']}")


def main() -> None:
    with make_server(SITE, 0) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for page in sys.argv[1:] or PAGES:
            measure(f"http://127.0.0.1:{server.server_port}{SUB_PATH}{page}", Path(folder) / "lighthouse.json")
        server.shutdown()


if __name__ == "__main__":
    main()
