"""How long `python build.py evaluate` takes, and how much memory, on JPEGs of 600 x 450.

    python benchmarks/evaluate.py --site site                      10,000 photos
    python benchmarks/evaluate.py --site site --photos 1000 10000 20000

Each evaluation is a process of its own, its start included. The photos are those of `ingest.py`, in class folders, made
in a temporary folder. Needs Linux or macOS (peak memory).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest import REPOSITORY, make_photos

PHOTOS = 10_000


def evaluate(photos: Path, site: Path, out: Path, more: list[str]) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of work of all cores, and the most memory in bytes."""
    given = map(str, (REPOSITORY / "build.py", "evaluate", photos, "--site", site, "--out", out, *more))
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *given], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    work = sum(after[:2]) - sum(before[:2])
    return seconds, work, after.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", metavar="FOLDER", type=Path, default=REPOSITORY / "site")
    parser.add_argument("--photos", metavar="N", type=int, nargs="+", default=[PHOTOS], help="in rising order")
    parser.add_argument("--folder", metavar="FOLDER", type=Path, help="for the photos; default: a temporary one")
    given, more = parser.parse_known_args()  # what else there is goes to the command
    print(f"{os.cpu_count()} cores\n photos   seconds   seconds of work   peak memory")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for count in given.photos:
            photos = Path(folder, f"{count} photos")
            make_photos(photos, count, (600, 450))
            seconds, work, peak = evaluate(photos, given.site, Path(folder, "out"), more)
            print(f"{count:>7,}   {seconds:7.1f}   {work:15.1f}   {peak / 1e9:8.2f} GB", flush=True)


if __name__ == "__main__":
    main()
