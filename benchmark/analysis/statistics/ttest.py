"""Paired t-tests: over seeds of one split, and over folds or random splits that share data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmark.analysis.statistics.student import t_quantile, t_two_sided

#: Relative size below which a spread is rounding error.
_NOTHING = 1e-12


@dataclass(frozen=True)
class TestResult:
    """What a test says about a mean difference.

    Attributes:
        mean: Mean difference; None without a value.
        low: Lower end of the 95 % confidence interval; None if there is none.
        high: Upper end.
        statistic: t; None if it does not exist.
        df: Degrees of freedom.
        p: Two-sided p; None if the test does not exist.
        note: Why there is no p, or what to know about it; empty otherwise.
    """

    __test__: ClassVar[bool] = False  # pytest takes classes called Test* for tests

    mean: float | None
    low: float | None
    high: float | None
    statistic: float | None
    df: float | None
    p: float | None
    note: str = ""


def paired_ttest(differences: Sequence[float], level: float = 0.95) -> TestResult:
    """Test a mean of independent differences: t = mean / (s / sqrt(k)), df = k − 1.

    Right for seeds of one split, where it asks whether one method is better *on these test rows*:
    what another draw of the test rows would do is outside it. Over folds or resampled splits it
    finds differences that are not there, since training rows are shared: use
    :func:`corrected_ttest`.

    Args:
        differences: One per seed, method minus reference.
        level: Coverage of the interval.

    Raises:
        ValueError: A difference is not finite.
    """
    return _ttest(differences, 0.0, level)


def corrected_ttest(
    differences: Sequence[float], test_train_ratio: float, level: float = 0.95
) -> TestResult:
    """Test a mean difference over folds or random splits, corrected for shared training rows.

    t = mean / sqrt((1/k + n_test/n_train) s²), df = k − 1, with s² of divisor k − 1: Nadeau and
    Bengio, *Inference for the Generalization Error*, Machine Learning 52 (2003), their corrected
    resampled t-test; Bouckaert and Frank (2004) recommend it for repeated cross-validation.

    Args:
        differences: One per fold or split, method minus reference.
        test_train_ratio: Test rows divided by training rows of a split.
        level: Coverage of the interval.

    Raises:
        ValueError: A difference is not finite, or the ratio is not above 0.
    """
    if not (math.isfinite(test_train_ratio) and test_train_ratio > 0):
        raise ValueError(f"test rows / training rows must be above 0, not {test_train_ratio}")
    return _ttest(differences, test_train_ratio, level)


def variance_of_mean(std: float, n: int, test_train_ratio: float = 0.0) -> float:
    """Return (1/n + n_test/n_train) s²: the variance of a mean of runs that share training rows.

    Args:
        std: Standard deviation over runs, ddof 1.
        n: Number of runs.
        test_train_ratio: 0 for runs that are independent.
    """
    return (1 / n + test_train_ratio) * std**2


def _ttest(differences: Sequence[float], ratio: float, level: float) -> TestResult:
    values = [float(one) for one in differences]
    if not all(map(math.isfinite, values)):
        raise ValueError("differences must be finite; leave out pairs without a value")
    k = len(values)
    if not k:
        return TestResult(None, None, None, None, None, None, "no pair of runs")
    mean = math.fsum(values) / k
    if k == 1:
        return TestResult(mean, None, None, None, None, None, "a single pair of runs")
    std = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (k - 1))
    if std <= _NOTHING * max(map(abs, values)):
        return _without_spread(mean, k)
    error = math.sqrt(variance_of_mean(std, k, ratio))
    reach = t_quantile(level, k - 1) * error
    statistic = mean / error
    p = t_two_sided(statistic, k - 1)
    return TestResult(mean, mean - reach, mean + reach, statistic, k - 1, p)


def _without_spread(mean: float, k: int) -> TestResult:
    """All differences are equal: t is 0/0 or infinite."""
    if mean == 0:
        return TestResult(0.0, 0.0, 0.0, None, k - 1, 1.0, "no run differs")
    return TestResult(mean, None, None, None, k - 1, None, "all differences are equal")
