"""Absolute and squared error, and exact matches."""

from __future__ import annotations

import math

import pytest

from benchmark.metrics.accuracy import exact_match
from benchmark.metrics.deviation import acc_sign, mae, mse
from benchmark.metrics.evaluate import MetricValue, evaluate, metric_info


def test_errors_by_hand() -> None:
    assert mae([1, -2, 3], [2, -2, 0]) == pytest.approx(4 / 3)
    assert mse([1, -2, 3], [2, -2, 0]) == pytest.approx(10 / 3)
    for name in ("mae", "mse"):
        assert not metric_info(name).higher_is_better
        assert metric_info(name).bounds == (0.0, math.inf)


def test_sides_of_zero_by_hand() -> None:
    truth, score = [-2.0, 0.0, 0.4, 3.0, 1.0], [-0.1, 0.0, 0.2, -1.0, 0.0]
    assert acc_sign(truth, score) == pytest.approx(3 / 5)
    assert metric_info("acc_sign").higher_is_better
    assert metric_info("acc_sign").bounds == (0.0, 1.0)


def test_negative_targets_are_labels() -> None:
    found = evaluate("mae", "regression", [-1.0, math.nan, 2.5], [0.0, 0.0, 2.5])
    assert found == MetricValue(value=0.5, reason="", n=2, n_pos=None)
    nothing = evaluate("mse", "regression", [math.nan], [0.0])
    assert nothing == MetricValue(None, "no labelled samples", 0, None)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"shapes do not fit: y_true \(1,\) and y_score \(1, 1\)"):
        mae([1.0], [[1.0]])
    with pytest.raises(ValueError, match="y_score holds values that are not finite"):
        mse([1.0], [math.nan])


def test_exact_match_wants_every_label() -> None:
    truth = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]]
    scores = [[0.9, 0.1, 0.2], [0.9, 0.4, 0.2], [0.1, 0.2, 0.3], [0.2, 0.5, 0.1]]
    assert exact_match(truth, scores) == 0.75
    # No sample carries the third label, yet it takes part: nothing was left out.
    assert evaluate("exact_match", "multilabel", truth, scores).reason == ""
    assert evaluate("f1_micro", "multilabel", truth, scores).reason == ""
    assert evaluate("f1_macro", "multilabel", truth, scores).reason == "2 of 3 labels used"
