"""The comparison calls a build better only where the difference cannot well be chance."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builder.evaluate.comparison import better_of
from builder.studies.comparison_page import write_comparison_page
from tests.report_figures import NONE, figure
from tests.visiting import violations

ROWS = [
    {"name": "accuracy", "title": "Accuracy", "kind": "share", "lower_is_better": False},
    {"name": "macro_auc", "title": "Macro ROC AUC", "kind": "score", "lower_is_better": False},
    {"name": "brier_score", "title": "Brier score", "kind": "number", "lower_is_better": True},
]


def make_comparison(accuracy: dict[str, float | None]) -> dict[str, Any]:
    def build(name: str, start: float) -> dict[str, Any]:
        values = {row["name"]: figure(start + 0.07 * place) for place, row in enumerate(ROWS)}
        return {
            "name": name, "file": f"{name}/report.json", "network": "the origin network", "data": "HAM10000",
            "epochs": 5, "figures": values,
        }  # fmt: skip

    return {
        "photos": 500, "lesions": 410, "resamples": 1000, "is_demo": False, "rows": ROWS,
        "builds": [build("old", 0.612), build("new", 0.673)],
        "pairs": [{
            "first": 0, "second": 1,
            "differences": {"accuracy": accuracy, "macro_auc": figure(0.012, 0.02), "brier_score": figure(-0.04, 0.01)},
            "mcnemar": {"only_first_right": 31, "only_second_right": 62, "p": 0.0017, "p_over_lesions": 0.0042},
        }],
    }  # fmt: skip


def words(file: Path) -> str:
    text = re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8").partition("<main")[2])
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("low", "high", "lower_is_better", "better"),
    [
        (0.01, 0.05, False, "second"),
        (0.01, 0.05, True, "first"),
        (-0.05, -0.01, False, "first"),
        (-0.05, -0.01, True, "second"),
        (-0.01, 0.05, False, None),
        (0.0, 0.05, False, None),
        (None, None, False, None),
    ],
)
def test_only_an_interval_that_excludes_zero_makes_a_build_better(
    low: float | None, high: float | None, lower_is_better: bool, better: str | None
) -> None:
    assert better_of({"value": 0.02, "low": low, "high": high}, lower_is_better) == better


def test_a_better_build_is_called_better(tmp_path: Path) -> None:
    text = words(write_comparison_page(make_comparison(figure(0.061, 0.03)), tmp_path / "page"))
    assert "new is better than old : it names 6.1 percentage points more" in text
    assert "Accuracy +6.1 points +3.1 to +9.1 new is better" in text
    assert "Brier score −0.040 −0.050 to −0.030 new is better" in text
    assert "Macro ROC AUC +0.012 −0.008 to +0.032 no difference that this test could tell" in text


def test_a_difference_that_may_be_chance_is_not_called_better(tmp_path: Path) -> None:
    text = words(write_comparison_page(make_comparison(figure(0.011, 0.03)), tmp_path / "page"))
    assert "this test cannot tell: +1.1 points (−1.9 to +4.1 points)" in text
    assert "is better than" not in text


def test_the_first_build_may_be_the_better_one(tmp_path: Path) -> None:
    text = words(write_comparison_page(make_comparison(figure(-0.061, 0.03)), tmp_path / "page"))
    assert "old is better than new : it names 6.1 percentage points more" in text


def test_the_builds_and_their_figures_are_shown(tmp_path: Path) -> None:
    text = words(write_comparison_page(make_comparison(figure(0.061, 0.03)), tmp_path / "page"))
    assert "Accuracy 61 % 57 to 65 % 67 % 63 to 71 %" in text
    assert "Brier score lower is better 0.752 0.712 to 0.792 0.813 0.773 to 0.853" in text
    assert "31 were right with old alone and 62 with new alone" in text
    assert "p = 0.004 ; over photos" in text.replace("0.004;", "0.004 ;") and "p = 0.002" in text


def test_what_was_not_measured_is_compared_with_nothing(tmp_path: Path) -> None:
    comparison = make_comparison(dict(NONE))
    comparison["pairs"][0]["mcnemar"] = {
        "only_first_right": 0,
        "only_second_right": 0,
        "p": None,
        "p_over_lesions": None,
    }
    text = words(write_comparison_page(comparison, tmp_path / "page"))
    assert "is right more often was not measured" in text
    assert "There is nothing to test" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_is_accessible_and_fits_a_phone(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    file = write_comparison_page(make_comparison(figure(0.061, 0.03)), tmp_path / "page")
    page = browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    addresses = page.eval_on_selector_all("link, a", "all => all.map((one) => one.getAttribute('href'))")
    files = [each for each in addresses if not each.startswith("#")]
    assert files and all((file.parent / each).exists() for each in files), "a page alone leads to nothing but its own"
    found = violations(page)
    page.close()
    assert found == []
