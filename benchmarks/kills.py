"""Kills builds and swaps at random moments, and lets two builds race for one site: is the site ever not a whole one?

    .venv/bin/python benchmarks/kills.py [--kills 250] [--builds 60] [--races 60] [--seed 16]

--kills: how many in all; --builds: how many of them kill whole builds, the rest kills what only swaps two sites. After
each kill the site must be one of the two good ones, file by file, and the next command must work. Run by hand: a whole
build takes seconds to minutes, and each that was killed is finished by the next one.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY))

from builder.files.ownership import DONE, Files, content_hash, files_of, replacing, restore  # noqa: E402
from builder.site.replace_site import replace_site  # noqa: E402

TINY = ("demo.photos=70", "compact.epochs=1", "site.networks=compact", "evaluation.resamples=20")
SWAPPING = """
import sys
from pathlib import Path
from builder.site.replace_site import replace_site
site, first, second = map(Path, sys.argv[1:4])
print("ready", flush=True)
for turn in range(int(sys.argv[4])):
    replace_site((first, second)[turn % 2], site)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("kills", 250), ("builds", 60), ("races", 60), ("seed", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    print(f"seed {given.seed}")
    moments = random.Random(given.seed)
    with TemporaryDirectory() as folder:
        kill_swaps(Path(folder), given.kills - given.builds, moments)
        race(Path(folder), given.races)
        kill_builds(Path(folder), given.builds, moments)


def kill_swaps(folder: Path, tries: int, moments: random.Random) -> None:
    site, first, second = folder / "swapped" / "site", write(folder / "a", "first"), write(folder / "b", "second")
    good = [files_of(first), files_of(second)]
    replace_site(first, site)
    whole = mended = clean = 0
    for _ in range(tries):
        kill(swapping(site, first, second, turns=100_000), moments.uniform(0, 0.4))
        restore(site)
        whole += in_site(site) in good
        replace_site(first, site)
        mended += in_site(site) == good[0]
        clean += [path.name for path in site.parent.iterdir()] == ["site"]
    print(
        f"kills over the swap: {whole} of {tries} left a whole site; after the next swap {mended} were right,", end=" "
    )
    print(f"and {clean} had nothing left beside them", flush=True)


def race(folder: Path, tries: int) -> None:
    site, first = folder / "raced" / "site", write(folder / "c", "first")
    others = [write(folder / name, name) for name in ("d", "e")]
    good = [files_of(each) for each in (first, *others)]
    mixed = 0
    for _ in range(tries):
        builds = [swapping(site, first, other, turns=4) for other in others]
        failed = [build for build in builds if build.communicate() and build.returncode]
        mixed += bool(failed) or in_site(site) not in good
    print(f"races of two builds: {mixed} of {tries} mixed", flush=True)


def kill_builds(folder: Path, tries: int, moments: random.Random) -> None:
    """Each killed build is to measure anew and to render another site; the next one renders nothing."""
    site, good = folder / "built" / "site", []
    began = time.monotonic()
    for seed in (1, 2):
        build(folder, seed)
        good.append(in_site(site))
    longest_s = (time.monotonic() - began) / 2
    survived = 0
    for number in range(tries):
        kill(start(folder, 3 + number), moments.uniform(0, longest_s))
        restore(site)
        # It may have come to its end: then the site is what it rendered.
        rendered = [done.parent for done in (folder / "work" / "render").glob(f"*/{DONE}")]
        whole = in_site(site) in [files_of(each) for each in rendered]
        build(folder, 1 + number % 2)
        survived += whole and in_site(site) == good[number % 2]
        print(f"\rkills over whole builds: {survived} of {number + 1} survived", end="", flush=True)
    print()


def start(folder: Path, seed: int) -> subprocess.Popen[str]:
    options = [word for setting in (*TINY, f"evaluation.seed={seed}") for word in ("--set", setting)]
    places = ["--work", str(folder / "work"), "--site", str(folder / "built" / "site")]
    command = [sys.executable, str(REPOSITORY / "build.py"), *places, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def build(folder: Path, seed: int) -> None:
    process = start(folder, seed)
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"the next build failed:\n{output}")


def swapping(site: Path, first: Path, second: Path, *, turns: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SWAPPING, str(site), str(first), str(second), str(turns)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str], after_s: float) -> None:
    time.sleep(after_s)
    process.kill()
    process.communicate()


def write(folder: Path, content: str) -> Path:
    """A folder as the render stage leaves it."""
    with replacing(folder) as fresh:
        for number in range(30):
            (fresh / f"{number}.bin").write_text(f"{content} {number}" * 1000, encoding="utf-8")
    return folder


def in_site(site: Path) -> Files:
    files = sorted(file for file in site.rglob("*") if file.is_file() and file.name != DONE)
    return {file.relative_to(site).as_posix(): content_hash(file) for file in files}


if __name__ == "__main__":
    main()
