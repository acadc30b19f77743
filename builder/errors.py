"""The one exception type for what the person at the keyboard can mend."""


class BuildError(Exception):
    """A problem and its remedy, each one plain sentence; printed once, by `builder.cli`, without a traceback."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive the trip back from a worker process by themselves.
        return _rebuild, (type(self), self.problem, self.remedy)


def _rebuild(kind: type[BuildError], problem: str, remedy: str) -> BuildError:
    return kind(problem, remedy=remedy)
