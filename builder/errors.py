"""The exception for errors that the user can fix."""


class BuildError(Exception):
    """A problem and its remedy, one plain sentence each; `builder.cli` prints it once, without a traceback."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive the trip back from a worker process by themselves.
        return _rebuild, (type(self), self.problem, self.remedy)


def _rebuild(kind: type[BuildError], problem: str, remedy: str) -> BuildError:
    return kind(problem, remedy=remedy)
