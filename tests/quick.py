"""`--quick`: the tests that need no browser and no training, for every save; the others stay for the whole suite."""

from __future__ import annotations

import sys
from typing import Any

import pytest

# What a test or a fixture of a test asks for decides: a browser, or `trains`.
SLOW = {"browser", "engine", "trains"}
KINDS = ("demo_build", "tiny_build", *sorted(SLOW))
PROGRAMS = ("run-driver", "firefox", "chrom", "WebKit", "Xvfb")  # how they, or what drives them, are started
REFUSED = "a quick test may start no browser and no training: let it ask for the fixture `browser` or `trains`"


class Quick:
    """What is different in a quick run; registered for no other."""

    left = 0  # for the whole suite

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        slow = [item for item in items if SLOW.intersection(getattr(item, "fixturenames", ()))]
        items[:] = [item for item in items if item not in slow]
        config.hook.pytest_deselected(items=slow)
        self.left = len(slow)

    def pytest_runtest_setup(self) -> None:
        from builder.quiet_tensorflow import tf_keras

        tf_keras.Model.train_on_batch = _refuse

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left"] = self.left

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.left = node.workeroutput["left"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"Left for the whole suite: {self.left} that need a browser or a training.")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what needs a browser or a training")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("quick"):
        config.pluginmanager.register(Quick())
        sys.addaudithook(_refuse_browsers_and_builds)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note of what kind the test is, for `benchmarks/suite_times.py`."""
    asked_for = [name for name in KINDS if name in getattr(item, "fixturenames", ())]
    item.user_properties.append(("kind", " and ".join(asked_for) or "quick"))


@pytest.fixture(scope="session")
def trains() -> None:
    """Says of a test, or of a fixture, that it trains a network, or runs a build that does."""


def _refuse(*_: Any, **__: Any) -> None:
    raise AssertionError(REFUSED)


def _refuse_browsers_and_builds(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and any(name in str(arguments[1]) for name in PROGRAMS):
        _refuse()
    if event == "tests.built" and "training: " in arguments[0]:
        _refuse()
