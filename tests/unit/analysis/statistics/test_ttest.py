"""t-tests against numbers worked out by hand, and against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.statistics.ratio import nominal_ratio
from benchmark.analysis.statistics.ttest import TestResult, corrected_ttest, paired_ttest
from benchmark.core.spec import SplitSpec


def test_corrected_by_hand() -> None:
    # mean 3, s² = (4 + 1 + 0 + 1 + 4) / 4 = 2.5, (1/5 + 1/4) 2.5 = 1.125, t = 3 / 1.06066
    found = corrected_ttest([1, 2, 3, 4, 5], 0.25)
    assert found.mean == 3
    assert found.statistic == pytest.approx(3 / math.sqrt(1.125), rel=1e-14)
    assert found.df == 4
    # The t table: 2.776445 for df 4 and 95 %.
    assert found.low == pytest.approx(3 - 2.776445 * math.sqrt(1.125), abs=1e-5)
    assert found.high == pytest.approx(3 + 2.776445 * math.sqrt(1.125), abs=1e-5)
    # F of t with df 4 in closed form.
    t = 3 / math.sqrt(1.125)
    x = t / math.sqrt(4 + t * t)
    assert found.p == pytest.approx(1 - 1.5 * x + 0.5 * x**3, rel=1e-12)


def test_plain_is_scipy_s() -> None:
    one = np.random.default_rng(1).normal(0.8, 0.02, 7)
    other = np.random.default_rng(2).normal(0.79, 0.02, 7)
    found = paired_ttest(list(one - other))
    expected = stats.ttest_rel(one, other)
    interval = expected.confidence_interval(0.95)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_the_correction_widens_by_the_factor_of_the_paper() -> None:
    differences = [0.01, 0.03, -0.01, 0.02, 0.04]
    plain, corrected = paired_ttest(differences), corrected_ttest(differences, 2 / 7)
    assert plain.statistic is not None
    assert corrected.statistic is not None
    factor = math.sqrt((1 / 5 + 2 / 7) / (1 / 5))
    assert plain.statistic / corrected.statistic == pytest.approx(factor, rel=1e-12)


def test_the_level_is_the_interval_s() -> None:
    narrow = paired_ttest([1, 2, 4], level=0.5)
    # t table: 0.816497 for df 2 and a two-sided 50 %.
    assert narrow.high == pytest.approx(7 / 3 + 0.816497 * stats.sem([1, 2, 4]), abs=1e-5)


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([], TestResult(None, None, None, None, None, None, "no pair of runs")),
        ([0.5], TestResult(0.5, None, None, None, None, None, "a single pair of runs")),
        ([0, 0, 0], TestResult(0, 0, 0, None, 2, 1, "no run differs")),
        ([0.5, 0.5], TestResult(0.5, None, None, None, 1, None, "all differences are equal")),
    ],
)
def test_what_cannot_be_tested_says_why(differences: list[float], expected: TestResult) -> None:
    assert paired_ttest(differences) == expected
    assert corrected_ttest(differences, 0.3) == expected


def test_differences_equal_but_for_rounding_are_equal() -> None:
    differences = [0.9 - 0.6, 0.8 - 0.5, 0.7 - 0.4]
    assert len(set(differences)) > 1
    assert paired_ttest(differences).p is None


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        paired_ttest([0.1, math.nan])
    with pytest.raises(ValueError, match="must be above 0, not 0"):
        corrected_ttest([0.1, 0.2], 0)


def test_shares_of_the_usual_splits() -> None:
    assert nominal_ratio(SplitSpec(kind="kfold", folds=5)) == pytest.approx(20 / 70)
    assert nominal_ratio(SplitSpec(kind="ratio")) == pytest.approx(15 / 70)
    assert nominal_ratio(SplitSpec(kind="official")) is None


def test_null_differences_of_resampled_splits_alarm_as_often_as_they_should() -> None:
    """Fold differences correlate by n_test / (n_test + n_train): the plain test is fooled."""
    ratio, k = 2 / 7, 5
    shared = ratio / (1 + ratio)
    random = np.random.default_rng(3)
    common = random.normal(0, math.sqrt(shared), (2000, 1))
    drawn = common + random.normal(0, math.sqrt(1 - shared), (2000, k))
    plain = np.mean([(paired_ttest(list(one)).p or 0) < 0.05 for one in drawn])
    corrected = np.mean([(corrected_ttest(list(one), ratio).p or 0) < 0.05 for one in drawn])
    assert plain > 0.12
    assert corrected == pytest.approx(0.05, abs=0.015)
