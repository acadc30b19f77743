"""What the set-up costs, from a fresh clone: what is downloaded, what lies on the disk, and how long it takes.

    python benchmarks/set_up.py [COMMIT...]        (HEAD without an argument)

For the commands that everybody uses, and then for the tests. Caches begin empty,
so that all is downloaded. Needs Linux or macOS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
COMMANDS = (["--help"], ["test", "--help"])


def bytes_in(*folders: Path) -> int:
    """On the disk, each file once, however many names it has."""
    files = [file.lstat() for folder in folders for file in folder.rglob("*")]
    return sum({about.st_ino: about.st_blocks * 512 for about in files}.values())


def measure(commit: str, folder: Path) -> None:
    clone, npm = folder / "clone", folder / "npm"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", commit], check=True)
    environment = {**os.environ, "PIP_NO_CACHE_DIR": "1", "npm_config_cache": str(npm)}
    for command in COMMANDS:
        started = time.monotonic()
        build = [sys.executable, str(clone / "build.py"), *command]
        subprocess.run(build, check=True, env=environment, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        on_disk = bytes_in(clone / ".venv", clone / "node_modules")
        wheels = bytes_in(fetch_wheels(clone, folder / "wheels"))
        installed = len(list(clone.glob(".venv/lib/python*/site-packages/*.dist-info")))
        packages = len([file for file in clone.glob("node_modules/**/package.json") if is_package(file.parent)])
        print(f"{commit}, build.py {' '.join(command)}: {seconds:.0f} s; so far", flush=True)
        print(f"  {installed} Python packages, {wheels / 1e6:.0f} MB of wheels", flush=True)
        print(f"  {packages} packages of npm, {bytes_in(npm) / 1e6:.0f} MB in its cache", flush=True)
        print(f"  {on_disk / 1e6:.0f} MB on the disk", flush=True)


def fetch_wheels(clone: Path, into: Path) -> Path:
    """Fetch once more, into a folder, the wheels of all locks by which packages were installed so far."""
    used = [lock for lock in clone.glob("requirements/*.lock") if is_used(clone, lock)]
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", str(into)]
    for lock in [clone / "requirements.lock", *used]:
        subprocess.run([*fetch, "--only-binary", ":all:", "-r", str(lock)], check=True)
    return into


def is_used(clone: Path, lock: Path) -> bool:
    return (clone / ".venv" / f"lesionlens.{lock.stem}.stamp").exists()


def is_package(folder: Path) -> bool:
    """Whether npm has put a package there: in node_modules, or in an owner's folder in one."""
    owner = folder.parent
    return owner.name == "node_modules" or (owner.name.startswith("@") and owner.parent.name == "node_modules")


def main() -> None:
    for commit in sys.argv[1:] or ["HEAD"]:
        with tempfile.TemporaryDirectory() as folder:
            measure(commit, Path(folder))


if __name__ == "__main__":
    main()
