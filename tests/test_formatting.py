"""The figures on the pages say what was measured, in words people can picture."""

import base64
import hashlib

import pytest

from builder.formatting import (
    commonest,
    counted,
    csp_hash,
    in_a_row,
    in_words,
    megabytes,
    missed_of_hundred,
    of_hundred,
    out_of,
    percent,
    percent_range,
    plain_number,
    points,
    score,
    score_range,
    settings,
    signed,
    three_decimals,
)

NOT_MEASURED = {"value": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.78, "78 %"),
        (0.785, "79 %"),
        (0.285, "29 %"),  # 0.285 * 100 is 28.499999999999996
        (0.0912, "9.1 %"),
        (0.05, "5.0 %"),
        (0.0996, "10 %"),
        (0.991, "99.1 %"),
        (1, "100 %"),
        (0, "0 %"),
    ],
)
def test_percentages_have_one_decimal_only_near_the_ends(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize("share", [1e-30, 0.0004, 0.00099])
def test_what_is_not_zero_is_never_shown_as_zero(share: float) -> None:
    assert percent(share) == "under 0.1 %"


def test_what_is_not_certain_is_never_shown_as_certain() -> None:
    assert percent(0.9996) == "over 99.9 %"
    assert [score(value) for value in (0.994, 0.9968, 0.9999, 1.0)] == ["0.99", "0.997", "0.999", "1.00"]


@pytest.mark.parametrize("words", [percent, score, out_of])
def test_a_missing_figure_is_not_measured_rather_than_zero(words) -> None:
    assert words(None) == "not measured"


def test_a_missing_interval_is_not_measured() -> None:
    assert percent_range(NOT_MEASURED) == "not measured"
    assert score_range(NOT_MEASURED) == "not measured"


def test_intervals_stay_between_nothing_and_everything() -> None:
    figure = {"value": 0.97, "low": -0.02, "high": 1.01}
    assert percent_range(figure) == "0 to 100 %"
    assert score_range(figure) == "0.00 to 1.00"


def test_a_range_names_its_unit_once() -> None:
    assert percent_range({"value": 0.88, "low": 0.84, "high": 0.92}) == "84 to 92 %"


def test_shares_become_people() -> None:
    assert out_of(0.88) == "88 of 100"
    assert out_of(1 - 0.71, 10) == "3 of 10"
    assert out_of(0, 10) == "0 of 10"
    assert out_of(1) == "100 of 100"


def test_a_rare_case_does_not_vanish_among_too_few_people() -> None:
    assert out_of(0.02, 10) == "2 of 100"
    assert out_of(0.96, 10) == "96 of 100"
    assert out_of(0.998) == "998 of 1,000"


def test_counts_agree_with_their_noun() -> None:
    assert counted(1, "file", "files") == "1 file"
    assert counted(3090, "photo", "photos") == "3,090 photos"


def test_small_numbers_are_words() -> None:
    assert (in_words(3), in_words(7), in_words(12)) == ("three", "seven", "12")


def test_sizes_round_as_the_page_rounds_them() -> None:
    assert megabytes(26_500_000) == "27 MB"  # Math.round(26.5) in the page
    assert megabytes(26_499_999) == "26 MB"


def test_the_first_of_several_commonest_kinds_is_taken() -> None:
    assert commonest({"akiec": 2, "nv": 9, "vasc": 9}) == "nv"


def test_settings_are_written_as_a_person_would() -> None:
    assert plain_number(1e-4) == "0.0001"
    assert plain_number(1e-6) == "0.000001"
    assert plain_number(10.0) == "10"
    assert plain_number(0.0) == "0"
    assert plain_number(1e-12) == "1e-12"
    assert plain_number("mixed") == "mixed"
    assert plain_number(("compact", "cnn")) == "compact, cnn"


def test_every_setting_is_listed_in_the_order_of_the_file() -> None:
    config = {"training": {"epochs": 20, "decay": 1e-6}, "export": {"weights": "mixed"}}
    assert list(settings(config)) == [
        ("training.epochs", "20"),
        ("training.decay", "0.000001"),
        ("export.weights", "mixed"),
    ]


def test_the_policy_hash_is_that_of_the_very_text() -> None:
    text = "p { content: '“' }\n"
    assert base64.b64decode(csp_hash(text).removeprefix("sha256-")) == hashlib.sha256(text.encode("utf-8")).digest()


def test_what_is_missed_is_what_is_not_found() -> None:
    assert of_hundred(1 - 0.383) == "62"
    assert missed_of_hundred({"value": 0.88, "low": 0.84, "high": 0.92}) == "8.0 to 16"
    assert missed_of_hundred({"value": 1.0, "low": 0.93, "high": 1.02}) == "0 to 7.0"
    assert missed_of_hundred(NOT_MEASURED) == "not measured"


def test_a_difference_has_its_sign_but_nothing_has_none() -> None:
    assert signed(0.062) == "+6.2 points"
    assert signed(-0.062) == "−6.2 points"
    assert signed(-0.0001) == "0.0 points"
    assert signed(0.0123, False) == "+0.012"
    assert signed(None) == "not measured"


def test_distances_between_percentages_are_points() -> None:
    assert points(0.031) == "3.1 percentage points"
    assert points(0.12) == "12 percentage points"
    assert points(None) == "not measured"
    assert three_decimals(0.4514) == "0.451"


def test_names_are_listed_as_a_sentence_lists_them() -> None:
    assert in_a_row(["a"]) == "a"
    assert in_a_row(["a", "b"]) == "a and b"
    assert in_a_row(["a", "b", "c"]) == "a, b and c"
