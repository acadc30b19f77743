"""How long a build takes: the whole one, the unchanged one, and the start of `build.py` beside a bare Python's.

    python benchmarks/build_time.py [any options of python build.py]

Builds into a temporary folder, so that nothing is there to go on from. Needs Linux or macOS (peak memory).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
BUILD = [sys.executable, str(REPOSITORY / "build.py")]
STARTS = 15


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    subprocess.run([*BUILD, "--help"], check=True, stdout=subprocess.DEVNULL)  # the environment stands from here on
    pairs = [(seconds([*BUILD, "--help"]), seconds([sys.executable, "-c", ""])) for _ in range(STARTS)]
    help_s, bare_s = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"start of build.py: {help_s * 1000:.0f} ms; a bare Python: {bare_s * 1000:.0f} ms (medians of {STARTS} pairs)"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [*BUILD, *sys.argv[1:], "--work", f"{folder}/work", "--site", f"{folder}/site"]
        whole_s = seconds(command)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(f"whole build: {whole_s:.0f} s, at most {peak / 1e9:.1f} GB of memory, {os.cpu_count()} cores")
        print(f"unchanged build: {seconds(command):.2f} s")


if __name__ == "__main__":
    main()
