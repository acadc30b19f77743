"""Where the test suite's time goes: by kind of test and by file, from what pytest notes of a run.

    python build.py test --junitxml=times.xml
    .venv/bin/python benchmarks/suite_times.py times.xml

A test's time is that of its own and of what is made for it first: a build counts for the first test that asks for it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from xml.etree import ElementTree

FILES = 25  # of the slowest


def main() -> None:
    by_kind: dict[str, list[float]] = defaultdict(list)
    by_file: dict[str, list[float]] = defaultdict(list)
    for test in ElementTree.parse(sys.argv[1]).iter("testcase"):
        noted = {one.get("name"): one.get("value") for one in test.iter("property")}
        for times, name in ((by_kind, noted.get("kind")), (by_file, test.get("classname"))):
            times[str(name)].append(float(test.get("time", 0)))
    for times in (by_kind, by_file):
        slowest = sorted(times.items(), key=lambda each: -sum(each[1]))[:FILES]
        for name, seconds in slowest:
            print(f"{sum(seconds):8.1f} s {len(seconds):5d} tests, the slowest {max(seconds):6.1f} s  {name}")
        print()


if __name__ == "__main__":
    main()
