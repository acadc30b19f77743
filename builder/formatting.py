"""Formats figures for the pages: percentages, counts, intervals, and numbers of people out of 100."""

from __future__ import annotations

import base64
import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

NOT_MEASURED = "not measured"
NUMBER_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Figure = Mapping[str, Any]  # {"value": x, "low": x, "high": x}, each of them None where not measured


def percent(share: float | None) -> str:
    """A share of 0-1 as a percentage: one decimal near 0 % and 100 %, and never "0 %" for a share above zero."""
    if share is None:
        return NOT_MEASURED
    bound, number = percent_parts(share)
    return f"{bound} {number} %".lstrip()


def percent_parts(share: float) -> tuple[str, str]:
    """The two parts of `percent`: "under", "over" or an empty text, and the number."""
    hundredths = share * 100
    if 0 < hundredths < 0.1:
        return "under", "0.1"
    if 99.9 < hundredths < 100:
        return "over", "99.9"
    is_fine = 0 < hundredths < 9.95 or 99 <= hundredths < 100
    return "", f"{_round_half_up(hundredths * 10) / 10:.1f}" if is_fine else str(_round_half_up(hundredths))


def figure_in_words(figure: Figure, sign: str = "") -> str:
    """A figure with its interval on one line, for the terminal; sign: "+" if it is a difference."""
    if figure["value"] is None:
        return NOT_MEASURED
    interval = "" if figure["low"] is None else f" ({figure['low']:{sign}.3f} to {figure['high']:{sign}.3f})"
    return f"{figure['value']:{sign}.3f}{interval}"


def score(value: float | None) -> str:
    """A figure of 0-1 that is not a share, such as an area under a curve; never "1.00" for less than 1."""
    if value is None:
        return NOT_MEASURED
    return f"{min(value, 0.999):.3f}" if 0.995 <= value < 1 else f"{value:.2f}"


def percent_range(figure: Figure) -> str:
    """The interval of a figure as percentages, for example "84 to 92 %"."""
    if figure["low"] is None or figure["high"] is None:
        return NOT_MEASURED
    low, high = percent(max(0.0, figure["low"])), percent(min(1.0, figure["high"]))
    return f"{low.removesuffix(' %')} to {high}"


def score_range(figure: Figure) -> str:
    """The interval of a figure of 0-1, for example "0.93 to 0.98"."""
    if figure["low"] is None or figure["high"] is None:
        return NOT_MEASURED
    return f"{score(max(0.0, figure['low']))} to {score(min(1.0, figure['high']))}"


def out_of(share: float | None, whole: int = 100) -> str:
    """A share of 0-1 as a number of people, for example "3 of 10"; the whole is ten times larger for rare cases."""
    if share is None:
        return NOT_MEASURED
    part, whole = counted_out(share, whole)
    return f"{part:,} of {whole:,}"


def counted_out(share: float, whole: int) -> tuple[int, int]:
    """The two numbers of `out_of`: the part and the whole."""
    part = _round_half_up(share * whole)
    hides_some = (part == 0 and share > 0) or (part == whole and share < 1)
    if hides_some and whole < 1000:
        return counted_out(share, whole * 10)
    return part, whole


def of_hundred(share: float | None) -> str:
    """How many of 100, for a sentence that already mentions the 100."""
    return percent(share).removesuffix(" %")


def missed_of_hundred(figure: Figure) -> str:
    """The interval of the complement, in cases of 100: for 0.84 to 0.92 "8.0 to 16"."""
    if figure["low"] is None or figure["high"] is None:
        return NOT_MEASURED
    rest = {"low": 1 - min(1.0, figure["high"]), "high": 1 - max(0.0, figure["low"])}
    return percent_range(rest).removesuffix(" %")


def points(share: float | None) -> str:
    """A distance between two percentages."""
    return NOT_MEASURED if share is None else f"{of_hundred(share)} percentage points"


def signed(value: float | None, is_share: bool = True) -> str:
    """How much larger one figure is than another: in percentage points for shares, otherwise the plain difference."""
    if value is None:
        return NOT_MEASURED
    number = f"{abs(value) * 100:.1f}" if is_share else f"{abs(value):.3f}"
    sign = "" if not float(number) else "+" if value > 0 else "\N{MINUS SIGN}"
    return f"{sign}{number} points" if is_share else f"{sign}{number}"


def three_decimals(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"


def in_a_row(names: Sequence[str]) -> str:
    """Names as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def commonest(by_class: Mapping[str, int]) -> str:
    """The code of the class with the most photos; the first one if there is a tie."""
    return max(by_class, key=lambda code: by_class[code])


def count(number: int) -> str:
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    """A count with its noun, for example "1 file" or "3,090 photos"."""
    return f"{number:,} {one if number == 1 else many}"


def in_words(number: int) -> str:
    """Small numbers as words, larger ones as digits."""
    return NUMBER_WORDS[number] if 0 <= number < len(NUMBER_WORDS) else count(number)


def megabytes(size_bytes: int) -> str:
    return f"{_round_half_up(size_bytes / 1e6):,} MB"


def milliseconds(number: float) -> str:
    """At least two digits: "8.3 ms", "124 ms"."""
    return f"{number:.1f} ms" if number < 10 else f"{_round_half_up(number):,} ms"


def duration(seconds: float) -> str:
    """A duration as people say it: "48 s", "12 min", "3 h 5 min"."""
    if seconds < 99.5:
        return f"{_round_half_up(seconds)} s"
    minutes = _round_half_up(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def plain_number(number: Any) -> str:
    """A setting as people write it: 0.0001 and not 1e-04, words separated by commas."""
    if isinstance(number, (list, tuple)):
        return ", ".join(map(str, number))
    if not isinstance(number, float):
        return str(number)
    return f"{number:.12f}".rstrip("0").rstrip(".") if abs(number) >= 1e-9 or number == 0 else f"{number:g}"


def settings(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every setting of the recipe as (`section.key`, value), in the order of the file."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", plain_number(value)


def csp_hash(text: str) -> str:
    """The source expression that allows exactly this inline text in a content-security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _round_half_up(number: float) -> int:
    # As JavaScript's Math.round, so that the report and the page never differ by one. The slack takes back what
    # binary fractions lose: 0.285 * 100 is 28.499999999999996.
    return math.floor(number + 0.5 + 1e-9)


def _unbroken(say: Callable[..., str]) -> Callable[..., str]:
    """The same text, with no line break before a percent sign."""

    @functools.wraps(say)
    def said(*values: Any) -> str:
        return say(*values).replace(" %", "\N{NO-BREAK SPACE}%")

    return said


FILTERS: dict[str, Callable[..., Any]] = {
    "percent": _unbroken(percent),
    "score": score,
    "percent_range": _unbroken(percent_range),
    "score_range": score_range,
    "out_of": out_of,
    "of_hundred": of_hundred,
    "missed_of_hundred": missed_of_hundred,
    "points": points,
    "signed": signed,
    "three_decimals": three_decimals,
    "in_a_row": in_a_row,
    "commonest": commonest,
    "count": count,
    "counted": counted,
    "in_words": in_words,
    "megabytes": megabytes,
    "milliseconds": milliseconds,
    "duration": duration,
    "plain_number": plain_number,
    "settings": settings,
    "csp_hash": csp_hash,
}
