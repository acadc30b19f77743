"""The commands behind `python build.py`."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from builder.errors import BuildError
from builder.folders import REPOSITORY, TRAINED, Folders
from builder.terminal import accept_any_text
from builder.wording import in_home, meant, two_lines

if TYPE_CHECKING:
    from pathlib import Path

    from builder.pipeline.request import Request

INTERRUPTED = 130
MAKE_ROOM = "Make room, or name folders on another disk with --work and --site; then run the same command again."
ASK_FOR_RIGHTS = "Get the right to read and write there, or name other folders with --work and --site."
OUT_OF_THE_WAY = "A build needs that place for a file or a folder of its own: move away what is there."
# What a machine may refuse at any step, and what to do about it.
OF_THE_MACHINE = {
    errno.ENOSPC: MAKE_ROOM,
    errno.EDQUOT: MAKE_ROOM,
    errno.EFBIG: MAKE_ROOM,
    errno.EACCES: ASK_FOR_RIGHTS,
    errno.EPERM: ASK_FOR_RIGHTS,
    errno.EROFS: ASK_FOR_RIGHTS,
    errno.EISDIR: OUT_OF_THE_WAY,
    errno.ENOTDIR: OUT_OF_THE_WAY,
    errno.EEXIST: OUT_OF_THE_WAY,
    errno.EIO: "The disk fails. Name folders on another one with --work and --site; then run the same command again.",
}


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code: 0 done, 1 an error the user can fix, 2 wrong usage, 130 interrupted."""
    accept_any_text()
    given = _parse(arguments)
    try:
        return int(given.run(given) or 0)
    except BuildError as error:
        print(two_lines(error.problem, error.remedy), file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in OF_THE_MACHINE:
            raise
        place = error.filename2 or error.filename or "The build"  # the second is where something was to be put
        print(two_lines(f"{place}: {error.strerror}", OF_THE_MACHINE[error.errno]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; what was finished is kept, the same command goes on from there.", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage the way all other errors are reported."""

    commands: Mapping[str, _Parser]

    def error(self, message: str) -> NoReturn:
        self.refuse(message)

    def refuse(self, problem: str, suggestion: str = "") -> NoReturn:
        """Say what is wrong with the words, and end."""
        self.exit(2, two_lines(problem, f"{suggestion}See {self.prog} --help") + "\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            self.refuse(f"There is no command {value}", meant(value, action.choices))

    def options(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings]


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    if given.trained and given.command:
        parser.refuse(f"--trained goes with no command, and {given.command} is one")
    if not unknown:
        return given
    word = next((word.partition("=")[0] for word in unknown if word.startswith("-")), "")
    known = parser.options() + (parser.commands[given.command].options() if given.command else [])
    problem = f"There is no option {word}" if word else f"There is one word too many: {unknown[0]}"
    return parser.refuse(problem, meant(word, known))


def _parser() -> _Parser:
    parser = _Parser(
        prog="python build.py",
        description="From dermatoscopic photos to a static page that classifies a visitor's own photo, in the browser.",
        epilog="Without a command: the whole build, into site/.",
    )
    parser.set_defaults(
        run=_build, trained=None, data=None, test_data=None, leave_out=None, folds=None, accept_licence=False,
        measure_leakage=False,
        config=REPOSITORY / "config.toml", work=REPOSITORY / "work", site=REPOSITORY / "site",
        settings=[], more_settings=[],
    )  # fmt: skip
    parser.add_argument(
        "--trained",
        metavar="FOLDER",
        type=in_home,
        nargs="?",
        const=TRAINED,
        default=argparse.SUPPRESS,
        help="build the site from networks that were trained before, without training; default: trained",
    )
    _add_build_options(parser, settings="settings")
    commands = parser.add_subparsers(title="commands", metavar="", dest="command")
    parser.commands = commands.choices

    data = commands.add_parser("data", help="look at a data set before training on it")
    data.add_argument("source", metavar="SOURCE", help="as for --data")
    data.add_argument("--test-data", metavar="SOURCE", default=argparse.SUPPRESS, help="as for a build")
    data.add_argument("--leave-out", metavar="A,B", default=argparse.SUPPRESS, help="as for a build")
    data.add_argument("--accept-licence", action="store_true", default=argparse.SUPPRESS, help="as for a build")
    data.set_defaults(run=_look_at_data)

    serve = commands.add_parser("serve", help="preview the site as GitHub Pages would serve it")
    serve.add_argument("--port", metavar="N", type=int, default=8000, help="default: 8000")
    serve.set_defaults(run=_serve)

    commands.add_parser("publish", help="put the site on the gh-pages branch").set_defaults(run=_publish)

    predict = commands.add_parser("predict", help="classify photos with the built network")
    predict.add_argument("photos", metavar="PHOTO", type=in_home, nargs="+")
    predict.add_argument("--network", metavar="NAME", help="of the site's; default: the one that answers first")
    predict.add_argument(
        "--ensemble", action="store_true", help="the mean of the networks of all folds, after a build with --folds"
    )
    predict.add_argument("--json", action="store_true", dest="as_json", help="print probabilities as JSON")
    predict.set_defaults(run=_predict)

    evaluate = commands.add_parser(
        "evaluate", help="how the site's networks do on labelled photos from elsewhere, without training"
    )
    evaluate.add_argument("source", metavar="SOURCE", help="as for --data")
    evaluate.add_argument("--network", metavar="NAME", help="only this one of the site's; default: all of them")
    evaluate.add_argument(
        "--out",
        metavar="FOLDER",
        type=in_home,
        default=REPOSITORY / "evaluation",
        help="the results; default: evaluation",
    )
    evaluate.add_argument("--accept-licence", action="store_true", default=argparse.SUPPRESS, help="as for a build")
    evaluate.add_argument("--work", metavar="FOLDER", type=in_home, default=argparse.SUPPRESS, help="as for a build")
    evaluate.add_argument("--site", metavar="FOLDER", type=in_home, default=argparse.SUPPRESS, help="default: site")
    evaluate.set_defaults(run=_evaluate)

    release = commands.add_parser(
        "release", help="make folders, for git, from the networks of the last build, for --trained"
    )
    release.add_argument(
        "--out", metavar="FOLDER", type=in_home, default=TRAINED, help="where each gets a folder; default: trained"
    )
    release.add_argument("--work", metavar="FOLDER", type=in_home, default=argparse.SUPPRESS, help="of the build")
    release.add_argument("--site", metavar="FOLDER", type=in_home, default=argparse.SUPPRESS, help="of the build")
    release.set_defaults(run=_release)

    board = commands.add_parser(
        "leaderboard", help="build the site with several networks and a page that sets them side by side"
    )
    board.add_argument(
        "--networks",
        metavar="A,B",
        help="the first is what the others are compared with; default: the config's, then all",
    )
    board.add_argument(
        "--without-times", action="store_true", help="do not time them in a browser: for machines that have none"
    )
    _add_build_options(board, settings="more_settings")
    board.set_defaults(run=_leaderboard)

    compare = commands.add_parser("compare", help="put builds side by side that were tested on the same photos")
    compare.add_argument("reports", metavar="REPORT", type=in_home, nargs="+", help="a report.json, or a site's folder")
    compare.add_argument("--json", action="store_true", dest="as_json", help="print everything as JSON")
    compare.set_defaults(run=_compare)

    search = commands.add_parser("search", help="try settings of a network on folds of lesions, as [search] says")
    _add_build_options(search, settings="more_settings")
    search.set_defaults(run=_search)

    test = commands.add_parser("test", help="run the test suite", add_help=False, prefix_chars="\0")
    test.add_argument("pytest_arguments", metavar="PYTEST_ARGUMENT", nargs="*")
    test.set_defaults(run=_test)
    return parser


def _add_build_options(command: argparse.ArgumentParser, *, settings: str) -> None:
    """Add the options of a build, before or after a command; an option after the command wins.

    settings: the name under which --set is stored. It differs before and after a command: argparse would let those
    after the command replace those before it.
    """
    add = partial(command.add_argument, default=argparse.SUPPRESS)  # the parser of all commands has the defaults
    add(
        "--data",
        metavar="SOURCE",
        help="demo (drawn photos, the default), ham10000 (fetched), or a folder or file of yours: HAM10000, ISIC 2018 "
        "Task 3, class folders, X.npy, DermaMNIST .npz",
    )
    add("--test-data", metavar="SOURCE", help="a separate source for the test part, in any supported format")
    add("--leave-out", metavar="A,B", help="labels beyond the seven classes whose photos are left out, as SCC")
    add("--accept-licence", action="store_true", help="of HAM10000: do not ask before fetching it")
    add("--measure-leakage", action="store_true", help="train once more, split by photo: what that adds to the figures")
    add(
        "--folds",
        metavar="N",
        type=int,
        help="train and test on each of N folds of lesions in turn: how figures spread",
    )
    add("--config", metavar="FILE", type=in_home, help="default: config.toml")
    add("--set", metavar="KEY=VALUE", action="append", dest=settings, help="one number, as training.epochs=5")
    add("--work", metavar="FOLDER", type=in_home, help="results to go on from; default: work")
    add("--site", metavar="FOLDER", type=in_home, help="the site; default: site")


def _build(given: argparse.Namespace) -> None:
    if given.trained:
        _build_from_release(given)
        return
    from builder.pipeline.build import build_site

    build_site(_request_for(given, given.data, replaces_site=True), _folders_of(given))


def _build_from_release(given: argparse.Namespace) -> None:
    from builder.pipeline.release import build_from_release

    for option in ("data", "test_data", "leave_out", "folds", "measure_leakage"):
        if getattr(given, option):
            raise BuildError(
                f"--trained trains nothing, and --{option.replace('_', '-')} is about training",
                remedy="leave one of them out",
            )
    build_from_release(_request_for(given, None, replaces_site=True), _folders_of(given), given.trained.absolute())


def _folders_of(given: argparse.Namespace) -> Folders:
    """The folders as absolute paths, so that each has a name and a parent."""
    for option, folder in {"--work": given.work, "--site": given.site}.items():
        _refuse_circle(folder, option)
    site = given.site.absolute() if given.site.is_symlink() else given.site.resolve()  # a link is refused as one
    return Folders(given.work.resolve(), site)


def _refuse_circle(folder: Path, option: str) -> None:
    try:
        folder.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BuildError(
                f"{folder} is a link that leads back to itself", remedy=f"name another folder with {option}"
            ) from None


def _request_for(given: argparse.Namespace, source: str | None, *, replaces_site: bool = False) -> Request:
    """What the user asked for, with its data downloaded if necessary; refuses unsafe folders before the download."""
    from builder.pipeline.request import Request
    from builder.pipeline.safe_folders import refuse_unsafe

    settings = [*given.settings, *given.more_settings]
    if given.test_data is not None:
        settings.append(f"data.test_source={json.dumps(given.test_data, ensure_ascii=False)}")  # quoted as in TOML
    if given.leave_out is not None:
        settings.append(f"data.leave_out={json.dumps(given.leave_out.split(','), ensure_ascii=False)}")
    if given.measure_leakage:
        settings.append("leakage.measure=true")
    if given.folds is not None:
        settings += ["split.rule=k-fold", f"split.folds={given.folds}", "folds.measure=true"]
    request = Request(given.config, source, tuple(settings))
    refuse_unsafe(request.config(), _folders_of(given), replaces_site=replaces_site)
    _fetch_if_named(request, given.accept_licence)
    return request


def _fetch_if_named(request: Request, accept_licence: bool) -> None:
    data = request.config().data
    if "ham10000" in (data.source, data.test_source):
        from builder.data.sources.download import fetch_ham10000

        fetch_ham10000(accept_licence=accept_licence)


def _release(given: argparse.Namespace) -> None:
    from builder.files.ownership import restore
    from builder.pipeline.release import release_networks
    from builder.pipeline.safe_folders import refuse_unsafe_results

    folders, into = _folders_of(given), given.out.absolute()
    restore(folders.site)
    refuse_unsafe_results(into, "", folders)
    release_networks(folders, into)


def _leaderboard(given: argparse.Namespace) -> None:
    from builder.network import network_names
    from builder.pipeline.build import build_leaderboard

    request = _request_for(given, given.data, replaces_site=True)
    # Without a word, the network that answers a visitor stays the first.
    names = given.networks or ",".join(dict.fromkeys([*request.config().site.networks, *network_names()]))
    request = replace(request, settings=(*request.settings, f"site.networks={names}"))
    if len(request.config().site.networks) < 2:
        raise BuildError(f"there is only {names} to compare", remedy=f"name two of: {', '.join(network_names())}")
    build_leaderboard(request, _folders_of(given), with_times=not given.without_times)


def _look_at_data(given: argparse.Namespace) -> None:
    from builder.files.ownership import refuse_foreign
    from builder.pipeline.build import gather_data
    from builder.studies.survey.page import write_survey

    folders = _folders_of(given)
    refuse_foreign(folders.survey)
    data, refusal = gather_data(_request_for(given, given.source), folders)
    write_survey(data, folders.survey, refusal)


def _serve(given: argparse.Namespace) -> None:
    from builder.files.ownership import restore
    from builder.site.serve import serve_site

    restore(_folders_of(given).site)
    serve_site(given.site, given.port)


def _publish(given: argparse.Namespace) -> None:
    from builder.files.ownership import restore
    from builder.pipeline.record import refuse_if_outdated
    from builder.site.publish import publish_site

    folders = _folders_of(given)
    restore(folders.site)
    refuse_if_outdated(folders)
    publish_site(folders.site, REPOSITORY)


def _predict(given: argparse.Namespace) -> int:
    from builder.files.ownership import restore
    from builder.site.predict import predict_photos

    restore(_folders_of(given).site)
    folders = _folders_of(given) if given.ensemble else None
    return predict_photos(given.photos, given.site, given.network, as_json=given.as_json, ensemble_in=folders)


def _evaluate(given: argparse.Namespace) -> None:
    from builder.files.ownership import refuse_foreign, restore
    from builder.pipeline.record import photos_learned_from
    from builder.pipeline.safe_folders import refuse_unsafe_results
    from builder.site.network import choose_network, network_names_of
    from builder.studies.external_validation.study import evaluate_on

    folders, into = _folders_of(given), given.out.absolute()
    restore(folders.site)
    names = [choose_network(folders.site, given.network)] if given.network else network_names_of(folders.site)
    refuse_unsafe_results(into, given.source, folders)
    refuse_foreign(into)
    if given.source == "ham10000":
        from builder.data.sources.download import fetch_ham10000

        fetch_ham10000(accept_licence=given.accept_licence)
    learned_from = photos_learned_from(folders)
    evaluate_on(given.source, folders.site, names, into, learned_from)


def _compare(given: argparse.Namespace) -> None:
    from builder.config.read import read_config
    from builder.files.ownership import refuse_foreign
    from builder.pipeline.safe_folders import at_work, refuse_unsafe
    from builder.studies.compare import compare_builds

    folders = _folders_of(given)
    rules = read_config(given.config, settings=given.settings).evaluation
    refuse_unsafe(None, folders)
    refuse_foreign(folders.comparison)
    with at_work(folders):
        compare_builds(given.reports, rules, folders.comparison, as_json=given.as_json)


def _search(given: argparse.Namespace) -> None:
    from builder.pipeline.search import search_settings

    search_settings(_request_for(given, given.data), _folders_of(given))


def _test(given: argparse.Namespace) -> int:
    import pytest

    os.chdir(REPOSITORY)
    # What is named runs in this process; the rest in several, which share it file by file in the order of the tests.
    is_named = any(argument.startswith("tests") for argument in given.pytest_arguments)
    shared = [] if is_named else ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
    return int(pytest.main([*shared, *given.pytest_arguments]))
