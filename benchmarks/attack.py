"""The attack as a table: of the hostile cases of each kind, how many the program survives.

    .venv/bin/python benchmarks/attack.py [any options of pytest, such as --demo-work=FOLDER]

Every case is a test, and it survives where the test passes. Kills at random moments and races are counted by
`benchmarks/kills.py`. Run by hand: it takes minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
# What is attacked, and the files of tests that attack it.
KINDS = {
    "folders named by mistake": ("test_hostile_folders",),
    "deleting, swapping, publishing": ("test_ownership", "test_publish"),
    "damaged results and checkpoints": ("test_damaged", "test_damaged_site"),
    "names of people": ("test_build_from_photos", "test_names"),
    "hostile names, in terminal and page": ("test_hostile_names", "test_names_in_browser"),
    "tampered hosts": ("test_tampered_hosts",),
    "tampered cards, page and terminal": ("test_card",),
    "hostile data sets": ("test_hostile_data",),
    "hostile arrays": ("test_hostile_arrays",),
    "requests to serve": ("test_serve",),
    "kept records": ("test_kept_records",),
    "ways out of the page": ("test_ways_out",),
    "code from elsewhere": ("test_trusted_types",),
    "workflows": ("test_workflows",),
}


def main() -> None:
    attacking = [name for names in KINDS.values() for name in names]
    files = [found for name in attacking for found in sorted((REPOSITORY / "tests").rglob(f"{name}.py"))]
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        # Not `build.py test`, which runs files that are named in one process.
        workers = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *workers,
            f"--junitxml={results}",
            *map(str, files),
            *sys.argv[1:],
        ]
        code = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
        cases = list(ET.parse(results).iter("testcase"))
    tried = Counter(file_of(case) for case in cases)
    survived = Counter(file_of(case) for case in cases if case.find("failure") is None and case.find("error") is None)
    print(f"\n{'':40}survived / tried")
    for kind, names in KINDS.items():
        print(f"{kind:40}{sum(survived[name] for name in names):8} / {sum(tried[name] for name in names)}")
    raise SystemExit(code)


def file_of(case: ET.Element) -> str:
    return case.get("classname", "").rpartition(".")[2]


if __name__ == "__main__":
    main()
