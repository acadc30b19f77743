"""Which of two is better, where a test can tell."""

from __future__ import annotations


def better_of(difference: dict[str, float | None], lower_is_better: bool) -> str | None:
    """Which of two builds is better by "second minus first"; None unless its interval excludes zero."""
    low, high = difference["low"], difference["high"]
    if low is None or high is None or low <= 0 <= high:
        return None
    return "second" if (low > 0) != lower_is_better else "first"
