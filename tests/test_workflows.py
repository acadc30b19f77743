"""The workflows run with rights to the repository: fixed code, and no right that is not needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

WORKFLOWS = sorted((Path(__file__).parent.parent / ".github" / "workflows").glob("*.y*ml"))
MAY_WRITE = {("pages.yml", "deploy"): {"pages": "write", "id-token": "write"}}
READING = {"contents": "read"}


@pytest.fixture(params=WORKFLOWS, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    return request.param  # type: ignore[no-any-return]


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_every_action_is_pinned_by_its_commit_and_says_its_version(file: Path) -> None:
    used = re.findall(r"uses:(.*)", file.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r" [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_only_the_job_that_publishes_may_write_and_it_runs_nothing_of_ours(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        rights = MAY_WRITE.get((file.name, name))
        assert job["permissions"] == (rights or READING), name
        assert not rights or all("run" not in step for step in job["steps"])


def test_no_checkout_leaves_the_token_behind(file: Path) -> None:
    steps = [step for job in read(file)["jobs"].values() for step in job["steps"]]
    for step in steps:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
