"""The code that decides a result: all modules reachable by imports, and the versions of the libraries they use.

Comments, docstrings and layout do not count. All imports count, also those inside functions and for types only: a
needless run is better than a stale result.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from builder.files.ownership import content_hash
from builder.folders import REPOSITORY

ROOT = "builder"
# Of libraries whose package has another name than what is imported, and of those that leave the numbers to another.
PACKAGES = {
    "PIL": ("pillow",),
    "simplejpeg": ("simplejpeg",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn", "scipy"),
    "tensorflow": ("tensorflow-cpu", "tensorflow"),
    "tensorflowjs": ("tensorflowjs", "h5py"),
    "tf_keras": ("tf_keras", "h5py"),
}
# By which TensorFlow computes other numbers. Not how many cores it takes: a work folder may move to another machine.
ENVIRONMENT = ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "NVIDIA_TF32_OVERRIDE")


class _Source(NamedTuple):
    """One module: a hash of its code, the modules of this program it imports, and the libraries it imports."""

    digest: str
    modules: frozenset[str]
    libraries: frozenset[str]


def code_key(modules: Iterable[str], files: Iterable[str] = (), libraries: Iterable[str] = ()) -> str:
    """A hash of everything that the modules can reach.

    files, libraries: dependencies that no import shows; files and folders by their paths in the repository.
    """
    reached = reachable(modules)
    used = {*libraries_of(reached), *libraries}
    parts = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    parts += [f"{name} {_read(name).digest}" for name in sorted(reached)]
    parts += [f"{name} {content_hash(REPOSITORY / name)}" for name in sorted(files)]
    parts += [f"{name} {versions_of(name)}" for name in sorted(used)]
    if "tensorflow" in used:
        parts += [f"{name} {os.environ.get(name)}" for name in ENVIRONMENT]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def reachable(modules: Iterable[str]) -> set[str]:
    """The full names of these modules and of all modules of this program that they can import."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _read(name).modules
    return found


def libraries_of(modules: Iterable[str]) -> set[str]:
    """The imported packages that belong neither to this program nor to Python."""
    return {library for name in modules for library in _read(name).libraries}


@cache
def versions_of(library: str) -> str:
    """The versions of the packages behind an import; empty if none is installed."""
    return " ".join(
        f"{package} {found}" for package in PACKAGES.get(library, (library,)) if (found := _version(package))
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read(module: str) -> _Source:
    """The module's current state on disk; an unchanged file is parsed once per process."""
    file = _file_of(module)
    if not file:
        raise ModuleNotFoundError(f"there is no module {module}")
    status = file.stat()
    return _parsed(module, file, status.st_mtime_ns, status.st_size)


@cache
def _parsed(module: str, file: Path, *_: int) -> _Source:
    tree = ast.parse(file.read_bytes())
    imported = {module}  # with the packages that it lies in: Python runs those first
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{module} imports by a relative name"
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)  # a module, or a name in one
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    own = frozenset(name for each in imported for name in _with_packages(each) if _file_of(name))
    libraries = {name.partition(".")[0] for name in imported} - {ROOT, *sys.stdlib_module_names}
    return _Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), own, frozenset(libraries))


def _with_packages(name: str) -> list[str]:
    """The modules of this program that an imported name may refer to: the name itself and its packages."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)] if parts[0] == ROOT else []


def _file_of(module: str) -> Path | None:
    place = REPOSITORY.joinpath(*module.split("."))
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None)


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        del node.body[0]
