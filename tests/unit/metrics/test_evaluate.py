from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.core.errors import UnknownNameError
from benchmark.metrics.evaluate import MetricValue, evaluate


def test_binary_counts_positives() -> None:
    value = evaluate("auroc_binary", "binary", [1, 0, 0], [0.9, 0.5, 0.1])
    assert value == MetricValue(value=1.0, reason="", n=3, n_pos=1)


def test_unlabelled_samples_do_not_count() -> None:
    scores = [0.9, 0.5, 0.1, 0.2, 0.3]
    with_nan = evaluate("acc", "binary", [1, math.nan, 0, -1, 1], scores)
    assert with_nan == MetricValue(value=pytest.approx(2 / 3), reason="", n=3, n_pos=2)


def test_undefined_becomes_a_reason() -> None:
    value = evaluate("auroc_binary", "binary", [0, 0], [0.9, 0.5])
    assert value == MetricValue(None, "one class only (class 0)", 2, 0)
    nothing = evaluate("acc", "multiclass", [np.nan], [[0.2, 0.8]])
    assert nothing == MetricValue(None, "no labelled samples", 0, None)


def test_a_value_over_fewer_classes_says_so() -> None:
    scores = [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]
    for metric in ("acc", "balanced_acc", "auroc_ovr_macro", "f1_macro"):
        value = evaluate(metric, "multiclass", [0, 2], scores)
        assert value == MetricValue(1.0, "2 of 3 classes present", 2, None)
    assert evaluate("acc", "binary", [1], [0.8]).reason == "1 of 2 classes present"


def test_rankings_need_both_outcomes_of_a_label_and_decisions_one() -> None:
    truth, scores = [[1, 1, 0], [0, 1, 0]], [[0.9, 0.8, 0.3], [0.1, 0.7, 0.2]]
    ranked = evaluate("auroc_ovr_macro", "multilabel", truth, scores)
    decided = evaluate("f1_macro", "multilabel", truth, scores)
    assert ranked == MetricValue(1.0, "1 of 3 labels used", 2, None)
    assert decided == MetricValue(1.0, "2 of 3 labels used", 2, None)


def test_multilabel_rows_are_labelled_or_not() -> None:
    nan = math.nan
    scores = np.full((2, 2), 0.9)
    assert evaluate("f1_micro", "multilabel", [[1, 1], [nan, nan]], scores).n == 1
    with pytest.raises(ValueError, match="only some labels are known"):
        evaluate("f1_micro", "multilabel", [[1, 1], [nan, 1]], scores)


def test_refusals_name_the_problem() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown metric 'auroc'"):
        evaluate("auroc", "binary", [1], [0.5])
    with pytest.raises(ValueError, match="auroc_binary is defined for binary tasks, not multicl"):
        evaluate("auroc_binary", "multiclass", [1], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"y_score holds values that are not finite"):
        evaluate("acc", "binary", [1], [math.nan])
    with pytest.raises(ValueError, match=r"y_true of a multiclass task must lie in 0\.\.1"):
        evaluate("acc", "multiclass", [2], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"y_true of a binary task must lie in 0\.\.1"):
        evaluate("acc", "binary", [2], [0.5])
    with pytest.raises(ValueError, match=r"shapes do not fit: y_true \(2,\) and y_score \(1,\)"):
        evaluate("acc", "binary", [1, 0], [0.5])
    with pytest.raises(ValueError, match=r"shapes do not fit: y_true \(1, 2\) and y_score \(1, 3"):
        evaluate("f1_micro", "multilabel", [[1, 0]], [[0.5, 0.1, 0.1]])
    with pytest.raises(ValueError, match="not whole numbers"):
        evaluate("acc", "binary", [0.5], [0.5])


def test_a_probability_vector_per_sample_is_not_binary() -> None:
    with pytest.raises(ValueError, match="defined for binary tasks, not multiclass"):
        evaluate("acc", "binary", [1], [[0.5, 0.5]])
