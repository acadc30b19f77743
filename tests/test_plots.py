"""The report's drawings are where their figures say."""

import re

import pytest

from builder.plots.axes import nice_ticks
from builder.plots.confusion import mostly_taken_for, shade
from builder.plots.intervals import interval
from builder.plots.learning import curves
from builder.plots.roc import found_at, roc_path

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
