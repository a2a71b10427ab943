"""Harrell's c-index against hand, a loop over pairs and lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index
from numpy.typing import NDArray

from benchmark.metrics._base import Undefined
from benchmark.metrics.c_index import c_index
from benchmark.metrics.evaluate import MetricValue, evaluate


def _draw(seed: int, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coarse times and risks: both are often tied."""
    rng = np.random.default_rng(seed)
    target = np.stack([rng.integers(1, 6, n), rng.integers(0, 2, n)], axis=1).astype(float)
    return target, rng.integers(0, 4, n).astype(float)


def test_three_events_and_a_censored_sample_by_hand() -> None:
    # Comparable: (1,2) (1,3) (1,4) (2,3) (2,4); sample 3 is censored, so (3,4) is not.
    truth = [[1, 1], [2, 1], [3, 0], [4, 1]]
    assert c_index(truth, [4, 3, 2, 1]) == 1.0
    assert c_index(truth, [3, 4, 2, 1]) == pytest.approx(4 / 5)
    assert c_index(truth, [3, 3, 2, 1]) == pytest.approx(4.5 / 5)
    assert c_index(truth, [4, 3, 1, 2]) == 1.0


def test_ties_in_time_by_hand() -> None:
    # Two events at 1 are not comparable; each is with the sample censored at 1.
    truth = [[1, 1], [1, 1], [1, 0]]
    assert c_index(truth, [3, 2, 1]) == 1.0
    assert c_index(truth, [2, 3, 1]) == 1.0
    assert c_index(truth, [3, 1, 2]) == 0.5


@pytest.mark.parametrize("seed", range(20))
def test_equals_lifelines(seed: int) -> None:
    target, risk = _draw(seed, 60)
    expected = concordance_index(target[:, 0], -risk, target[:, 1])
    assert c_index(target, risk) == pytest.approx(expected, abs=1e-12)
    smooth = np.random.default_rng(seed).random((60, 2))
    target[:, 0] = smooth[:, 0]
    expected = concordance_index(target[:, 0], -smooth[:, 1], target[:, 1])
    assert c_index(target, smooth[:, 1]) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
def test_bounds_reversal_and_monotone_invariance(seed: int, n: int) -> None:
    target, risk = _draw(seed, n)
    try:
        value = c_index(target, risk)
    except Undefined:
        return
    assert 0 <= value <= 1
    assert c_index(target, -risk) == pytest.approx(1 - value)
    assert c_index(target, np.exp(3 * risk) - 7) == value
    assert c_index(target * [5.0, 1.0], risk) == value


@pytest.mark.parametrize(
    ("truth", "text"),
    [
        ([[1, 0], [2, 0]], r"no comparable pair \(0 events in 2 samples\)"),
        ([[1, 1]], r"no comparable pair \(1 events in 1 samples\)"),
        ([[1, 1], [1, 1]], r"no comparable pair \(2 events in 2 samples\)"),
        ([[1, 0], [2, 1]], r"no comparable pair \(1 events in 2 samples\)"),
        (np.zeros((0, 2)), "no labelled samples"),
    ],
)
def test_undefined(truth: Any, text: str) -> None:
    with pytest.raises(Undefined, match=text):
        c_index(truth, np.zeros(len(truth)))


@pytest.mark.parametrize(
    ("truth", "risk", "text"),
    [
        ([1, 1], [0, 0], r"shapes do not fit: y_true \(2,\) and y_score \(2,\)"),
        ([[1, 1]], [[0]], r"y_true \(1, 2\) and y_score \(1, 1\)"),
        ([[-1, 1]], [0], "times of 0 or more"),
        ([[1, 2]], [0], "events that are 0 or 1"),
        ([[1, 1]], [np.nan], "y_score holds values that are not finite"),
    ],
)
def test_arrays_that_do_not_fit(truth: Any, risk: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        c_index(truth, risk)


def test_evaluate_leaves_unlabelled_samples_out_and_counts_events() -> None:
    nan = np.nan
    truth = [[1, 1], [nan, nan], [2, 0], [3, 1]]
    found = evaluate("c_index", "survival", truth, [3, 9, 2, 1])
    assert found == MetricValue(value=1.0, reason="", n=3, n_pos=2)
    nobody = evaluate("c_index", "survival", [[1, 0], [nan, nan]], [3, 9])
    assert nobody == MetricValue(None, "no comparable pair (0 events in 1 samples)", 1, 0)
    with pytest.raises(ValueError, match="of which only time or event is known"):
        evaluate("c_index", "survival", [[1, nan]], [3])
    with pytest.raises(ValueError, match="acc is defined for binary, multiclass tasks, not surv"):
        evaluate("acc", "survival", truth, [3, 9, 2, 1])
