"""The report's drawings are where their figures say."""

import re
from typing import Any

import pytest

from builder.site.plots.axes import axes, nice_ticks, square_of_shares
from builder.site.plots.calibration import reliability_dots, risk_axes, risk_band, risk_line, sure_and_right
from builder.site.plots.confusion import classes_never_named, mostly_taken_for, shade
from builder.site.plots.intervals import extremes, interval
from builder.site.plots.learning import curves
from builder.site.plots.roc import found_at, precision_recall_path, roc_path
from tests.report_figures import NONE, figure

HISTORY = [
    {"epoch": 1, "loss": 1.3, "accuracy": 0.62, "val_loss": 1.0, "val_accuracy": 0.67},
    {"epoch": 2, "loss": 1.0, "accuracy": 0.66, "val_loss": 0.9, "val_accuracy": 0.70},
]
ROC = {"fpr": [0.0, 0.0, 0.05, 0.2, 1.0], "tpr": [0.0, 0.4, 0.7, 0.9, 1.0]}


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_ticks_are_round_and_cover_every_value() -> None:
    assert nice_ticks(0.62, 0.75) == [0.6, 0.65, 0.7, 0.75]
    assert nice_ticks(0.7, 1.31) == [0.6, 0.8, 1.0, 1.2, 1.4]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (0.0, 1e-6), (3.0, 1234.5), (0.1, 0.3)])
def test_ticks_of_any_range_begin_below_and_end_above(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high
    assert 2 <= len(ticks) <= 7


def test_curves_start_left_and_end_right_and_higher_is_up() -> None:
    plot = curves(HISTORY, "accuracy")
    assert plot is not None
    (x1, y1), (x2, y2) = points(plot.training)
    assert (x1, x2) == (plot.left, plot.right)
    assert plot.top <= y2 < y1 <= plot.bottom


def test_a_curve_meets_the_tick_of_its_value() -> None:
    plot = curves([{**epoch, "val_accuracy": 0.7} for epoch in HISTORY], "accuracy")
    assert plot is not None
    tick = next(tick for tick in plot.y_ticks if tick.value == 0.7)
    assert {y for _, y in points(plot.validation)} == {tick.at}


def test_the_reference_is_inside_the_drawing_even_where_the_curves_are_not() -> None:
    plot = curves(HISTORY, "accuracy", reference=0.2)
    assert plot is not None and plot.reference is not None
    assert plot.top <= plot.reference <= plot.bottom


def test_one_epoch_and_none_at_all_can_be_drawn() -> None:
    assert curves(HISTORY[:1], "loss") is not None
    assert curves([], "loss") is None


def test_many_epochs_get_few_ticks() -> None:
    plot = curves([{**HISTORY[0], "epoch": epoch} for epoch in range(1, 101)], "loss")
    assert plot is not None and len(plot.x_ticks) <= 8


def test_a_roc_curve_goes_from_bottom_left_to_top_right() -> None:
    corners = points(roc_path(ROC))
    assert (corners[0], corners[-1]) == ((0, 100), (100, 0))


def test_a_long_roc_curve_loses_only_what_nobody_can_see() -> None:
    steps = [number / 5000 for number in range(5001)]
    corners = points(roc_path({"fpr": steps, "tpr": steps}))
    assert len(corners) < 400
    assert corners[-1] == (100, 0)


def test_found_at_never_allows_more_false_alarms_than_asked() -> None:
    assert found_at(ROC, 0.1) == 0.7
    assert found_at(ROC, 0.2) == 0.9
    assert found_at(ROC, 0) == 0.4


def test_an_interval_lies_on_its_line() -> None:
    line = interval({"value": 0.5, "low": -0.1, "high": 1.2}, 0.25, width=200)
    assert line is not None
    assert (line.low, line.value, line.high, line.floor) == (0, 100, 200, 50)
    assert interval({"value": None, "low": None, "high": None}) is None


def test_shade_follows_the_share_of_the_row_and_shows_a_single_photo() -> None:
    row = [999, 1, 0]
    assert [shade(part, row) for part in row] == [10, 1, 0]
    assert shade(0, [0, 0]) == 0


def test_the_commonest_mistake_is_named() -> None:
    assert mostly_taken_for([5, 68, 242, 16], 1) == 2
    assert mostly_taken_for([3, 9, 3], 1) == 0
    assert mostly_taken_for([0, 9, 0], 1) is None


def test_axes_put_their_ends_on_their_edges_and_more_is_up() -> None:
    at = axes([0, 1, 2], [0.0, 0.5])
    assert (at.x(0), at.x(2), at.y(0.0), at.y(0.5)) == (at.left, at.right, at.bottom, at.top)
    assert points(at.line([0, 2], [0.5, 0.0])) == [(at.left, at.top), (at.right, at.bottom)]
    assert [tick.at for tick in at.x_ticks] == [at.left, (at.left + at.right) / 2, at.right]


def test_a_square_draws_both_shares_at_the_same_scale() -> None:
    at = square_of_shares()
    assert at.right - at.left == at.bottom - at.top
    assert at.right <= at.width and at.bottom <= at.height


def test_precision_of_a_perfect_ranking_stays_at_the_top() -> None:
    corners = points(precision_recall_path({"fpr": [0.0, 0.0, 1.0], "tpr": [0.0, 1.0, 1.0]}, 10, 30))
    assert {y for x, y in corners if x < 100} == {0}
    assert corners[-1] == (100, 75)  # all are named: 10 of 40 are right


def test_precision_follows_from_what_is_found_and_what_is_taken_for_it() -> None:
    corners = points(precision_recall_path({"fpr": [0.0, 0.1, 1.0], "tpr": [0.0, 0.5, 1.0]}, 20, 100))
    at_half = min(corners, key=lambda corner: abs(corner[0] - 50))
    assert at_half == (50, 50)  # 10 found and 10 taken for it: half of those named are right


def test_dots_lie_where_their_bins_say_and_grow_with_their_photos() -> None:
    at = square_of_shares()
    bins: list[dict[str, Any]] = [
        {"photos": 0, "confidence": None, "accuracy": dict(NONE)},
        {"photos": 25, "confidence": 0.5, "accuracy": figure(0.25, 0.1)},
        {"photos": 100, "confidence": 0.9, "accuracy": figure(0.98, 0.1)},
    ]
    small, large = reliability_dots(bins, at)
    assert (small.x, small.y, small.low, small.high) == (at.x(0.5), at.y(0.25), at.y(0.15), at.y(0.35))
    assert large.high == at.top, "an interval ends at 100 %"
    assert large.radius == 2 * small.radius


def test_how_sure_and_how_often_right_are_means_over_photos_not_bins() -> None:
    bins: list[dict[str, Any]] = [
        {"photos": 0, "confidence": None, "accuracy": dict(NONE)},
        {"photos": 25, "confidence": 0.5, "accuracy": figure(0.2)},
        {"photos": 75, "confidence": 0.9, "accuracy": figure(0.8)},
    ]
    assert sure_and_right(bins) == pytest.approx((0.8, 0.65))
    assert sure_and_right(bins[:1]) is None


RISK = [
    {"coverage": 1.0, "error": figure(0.3, 0.1)},
    {"coverage": 0.5, "error": figure(0.1, 0.05)},
    {"coverage": 0.25, "error": dict(NONE)},
]


def test_the_line_of_wrong_answers_goes_from_few_answered_to_all() -> None:
    at = risk_axes(RISK)
    assert at is not None and at.y_range == (0, 0.4)
    assert points(risk_line(RISK, at)) == [(at.x(0.5), at.y(0.1)), (at.x(1), at.y(0.3))]


def test_the_band_of_wrong_answers_goes_along_the_upper_ends_and_back_along_the_lower() -> None:
    at = risk_axes(RISK)
    assert at is not None
    expected = [(0.5, 0.15), (1.0, 0.4), (1.0, 0.2), (0.5, 0.05)]
    assert points(risk_band(RISK, at)) == [(at.x(x), at.y(y)) for x, y in expected]
    assert risk_axes(RISK[2:]) is None


def test_a_network_that_is_never_wrong_still_has_axes() -> None:
    at = risk_axes([{"coverage": 1.0, "error": {"value": 0.0, "low": 0.0, "high": 0.0}}])
    assert at is not None and at.y_range[1] > 0


def group(name: str, value: float | None, half_width: float = 0.05) -> dict[str, Any]:
    return {"name": name, "too_few": value is None, "accuracy": figure(value, half_width)}


def test_the_best_and_the_worst_group_are_found_among_those_measured() -> None:
    ends = extremes([group("a", 0.7), group("b", None), group("c", 0.9), group("d", 0.5)], "accuracy")
    assert ends is not None
    assert (ends.highest["name"], ends.lowest["name"], ends.overlap) == ("c", "d", False)
    assert extremes([group("a", 0.7), group("b", None)], "accuracy") is None


def test_groups_whose_intervals_meet_may_differ_by_chance() -> None:
    ends = extremes([group("a", 0.7, 0.1), group("b", 0.6, 0.1)], "accuracy")
    assert ends is not None and ends.overlap


def test_a_class_that_is_no_answer_is_never_named() -> None:
    classes = [{"index": 0, "code": "a"}, {"index": 1, "code": "b"}]
    assert classes_never_named([[3, 0], [2, 0]], classes) == [classes[1]]
    assert classes_never_named([[0, 3], [2, 0]], classes) == []
