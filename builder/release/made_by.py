"""What made a build: the versions of the code and of the libraries, and the kind of machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from builder.folders import REPOSITORY

# By which a network may turn out differently; TensorFlow has two names.
LIBRARIES = (
    "h5py", "numpy", "pillow", "scikit-learn", "scipy", "simplejpeg", "tensorflow", "tensorflow-cpu", "tensorflowjs",
    "tf_keras",
)  # fmt: skip
CODE = ("builder", "requirements.lock", "requirements/train.lock")
PROCESSORS = Path("/proc/cpuinfo")  # of Linux; other systems name the processor themselves


def describe_maker() -> dict[str, Any]:
    """Versions and machine, without any name of a host, a user or a folder."""
    return {
        "code": _code(),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    }


def _code() -> dict[str, Any]:
    """The commit of the code; is_changed: whether files of it differ from that. None where git does not know."""
    commit = _git("rev-parse", "HEAD")
    status = None if commit is None else _git("status", "--porcelain", "--", *CODE)
    return {"commit": commit, "is_changed": None if status is None else bool(status)}


def _git(*arguments: str) -> str | None:
    if not (REPOSITORY / ".git").exists():  # else it would name the commit of a repository around this one
        return None
    command = ["git", "-C", str(REPOSITORY), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str | None:
    try:
        lines = PROCESSORS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
