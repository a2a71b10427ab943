"""Intervals of a difference against hand computation and SciPy, and the words for them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.printed_spread import convert
from benchmark.analysis.verdict import Interval, Sample, difference, judge
from benchmark.manifest.printed_schema import PrintedCell, Spread


def test_welch_by_hand() -> None:
    # v = 0.0004 / 5, w = 0.0009 / 4, df = (v + w)² / (v² / 4 + w² / 3)
    found = difference(Sample(0.80, 0.02, 5), Sample(0.77, 0.03, 4))
    v, w = 0.00008, 0.000225
    df = (v + w) ** 2 / (v**2 / 4 + w**2 / 3)
    assert df == pytest.approx(5.0352, abs=1e-4)
    reach = stats.t.ppf(0.975, df) * math.sqrt(v + w)
    assert found.value == pytest.approx(0.03)
    assert (found.low, found.high) == pytest.approx((0.03 - reach, 0.03 + reach))
    assert found.method == "welch"


@pytest.mark.parametrize("gap", [0.01, 0.033, 0.05, 0.09])
def test_zero_is_left_out_where_welch_s_p_is_below_five_percent(gap: float) -> None:
    found = difference(Sample(0.7 + gap, 0.02, 5), Sample(0.7, 0.035, 10))
    p = stats.ttest_ind_from_stats(0.7 + gap, 0.02, 5, 0.7, 0.035, 10, equal_var=False).pvalue
    assert (judge(found, 0.0) == "differs") == (p < 0.05)


def test_runs_that_share_rows_widen_their_own_side() -> None:
    ratio = 2 / 7
    plain = difference(Sample(0.8, 0.02, 5), Sample(0.8, 0.02, 5))
    both = difference(Sample(0.8, 0.02, 5, ratio), Sample(0.8, 0.02, 5, ratio))
    one = difference(Sample(0.8, 0.02, 5, ratio), Sample(0.8, 0.02, 5))
    assert plain.high is not None
    assert both.high is not None
    assert one.high is not None
    assert both.high / plain.high == pytest.approx(math.sqrt((0.2 + ratio) / 0.2))
    assert plain.high < one.high < both.high


def test_prediction_by_hand() -> None:
    # s sqrt(1/5 + 1/1) t(4), t table: 2.776445; a mean of three paper runs: sqrt(1/5 + 1/3)
    found = difference(Sample(0.80, 0.02, 5), Sample(0.77, None, None))
    assert found.method == "prediction"
    assert found.high == pytest.approx(0.03 + 0.02 * math.sqrt(1.2) * 2.776445, abs=1e-7)
    of_three = difference(Sample(0.80, 0.02, 5), Sample(0.77, None, 3))
    assert of_three.high == pytest.approx(0.03 + 0.02 * math.sqrt(8 / 15) * 2.776445, abs=1e-7)


def test_a_prediction_interval_holds_new_runs_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    ours, new = random.normal(0.8, 0.02, (4000, 5)), random.normal(0.8, 0.02, 4000)
    held = 0
    for runs, one in zip(ours, new, strict=True):
        found = difference(Sample(runs.mean(), runs.std(ddof=1), 5), Sample(one, None, 1))
        held += judge(found, 0.0) != "differs"
    assert held / 4000 == pytest.approx(0.95, abs=0.01)


def test_without_any_spread_the_printed_rounding_is_left() -> None:
    found = difference(Sample(0.7742, 0.0, 5), Sample(0.774, 0.0, 5, resolution=0.0005))
    assert found.method == "rounding"
    assert (found.low, found.high) == pytest.approx((-0.0003, 0.0007))
    assert judge(found, 0.02) == "agrees"
    assert judge(difference(Sample(0.78, 0.0, 5), Sample(0.774, None, 1)), 0.02) == "differs"


def test_one_side_without_spread_leaves_the_other_s() -> None:
    found = difference(Sample(0.8, 0.0, 5), Sample(0.8, 0.02, 5))
    assert found.high == pytest.approx(2.776445 * 0.02 / math.sqrt(5), abs=1e-6)


def test_a_single_run_has_no_interval() -> None:
    found = difference(Sample(0.8, None, 1), Sample(0.7, 0.01, 5))
    assert (found.low, found.high) == (None, None)
    assert found.reason == "a single run, so there is no interval"
    assert judge(found, 1.0) == "inconclusive"


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.001, 0.3, "differs"),
        (-0.3, -0.001, "differs"),
        (0.001, 0.01, "differs"),
        (-0.02, 0.02, "agrees"),
        (-0.01, 0.0, "agrees"),
        (-0.021, 0.01, "inconclusive"),
        (-0.01, 0.021, "inconclusive"),
    ],
)
def test_words(low: float, high: float, word: str) -> None:
    assert judge(Interval(0.0, low, high), 0.02) == word


CELL = PrintedCell.model_validate("0.80 ± 0.04")


@pytest.mark.parametrize(
    ("spread", "std"),
    [
        (Spread(kind="std", ddof=1, n=5, over="seeds"), 0.04),
        (Spread(kind="std", ddof=0, n=5, over="seeds"), 0.04 * math.sqrt(5 / 4)),
        (Spread(kind="variance", ddof=1, n=5, over="folds"), 0.2),
        (Spread(kind="variance", ddof=0, n=5, over="folds"), 0.2 * math.sqrt(5 / 4)),
    ],
)
def test_printed_spreads_become_std_with_ddof_1(spread: Spread, std: float) -> None:
    found = convert(CELL, spread)
    assert found.std == pytest.approx(std)
    assert found.notes == ()
    assert found.shared == (spread.over == "folds")


def test_population_std_of_a_list_becomes_its_sample_std() -> None:
    values = [0.1, 0.4, 0.35, 0.8]
    population = float(np.std(values))
    cell = PrintedCell.model_validate(f"0.41 ± {population:.12f}")
    found = convert(cell, Spread(kind="std", ddof=0, n=4, over="seeds"))
    assert found.std == pytest.approx(np.std(values, ddof=1), abs=1e-11)


def test_what_a_paper_does_not_say_is_said() -> None:
    unstated = convert(CELL, Spread(kind="std", ddof=None, n=5, over="folds"))
    assert unstated.std == pytest.approx(0.04 * math.sqrt(5 / 4))
    assert unstated.notes == (
        "The divisor of the printed ± is not stated: taken as n, the wider reading.",
    )
    uncounted = convert(CELL, Spread(kind="std", ddof=0, n=None, over="seeds"))
    assert (uncounted.std, uncounted.n) == (None, None)
    assert "Over how many runs" in uncounted.notes[0]
    unexplained = convert(CELL, Spread(kind="unknown"))
    assert unexplained.std is None
    assert "not explained" in unexplained.notes[0]


def test_no_printed_spread_needs_no_note() -> None:
    found = convert(PrintedCell.model_validate("0.80"), Spread(kind="none", n=3, over="seeds"))
    assert (found.std, found.n, found.notes) == (None, 3, ())
