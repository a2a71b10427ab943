from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from benchmark.metrics._base import Undefined
from benchmark.metrics.accuracy import acc, balanced_acc
from benchmark.metrics.f1 import f1_macro, f1_micro, precision_macro, recall_macro

# class 1: TP 2, FP 1, FN 1; class 0: TP 1, FP 1, FN 1
TRUTH, SCORE = [1, 1, 1, 0, 0], [0.9, 0.8, 0.3, 0.6, 0.1]


def test_binary_by_hand() -> None:
    assert f1_macro(TRUTH, SCORE) == pytest.approx((4 / 6 + 2 / 4) / 2)
    assert precision_macro(TRUTH, SCORE) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert recall_macro(TRUTH, SCORE) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert f1_micro(TRUTH, SCORE) == pytest.approx(3 / 5)


def test_multilabel_by_hand() -> None:
    truth = [[1, 0], [1, 1], [0, 0]]
    score = [[0.9, 0.8], [0.2, 0.7], [0.1, 0.3]]
    # label 0: TP 1, FP 0, FN 1 -> 2/3; label 1: TP 1, FP 1, FN 0 -> 2/3; pooled 4/6
    assert f1_macro(truth, score) == pytest.approx(2 / 3)
    assert f1_micro(truth, score) == pytest.approx(4 / 6)
    assert recall_macro(truth, score) == pytest.approx((1 / 2 + 1) / 2)
    assert precision_macro(truth, score) == pytest.approx((1 + 1 / 2) / 2)


def test_macro_f1_is_the_mean_of_f1_values() -> None:
    """Not the harmonic mean of mean precision and mean recall."""
    truth, score = [0, 0, 0, 1], [0.9, 0.9, 0.1, 0.9]
    # class 0: P 1, R 1/3 -> 1/2; class 1: P 1/3, R 1 -> 1/2; of the means: P = R = 2/3
    assert f1_macro(truth, score) == pytest.approx(1 / 2)


def test_class_never_decided_for_counts_zero() -> None:
    truth, score = [0, 1], [0.1, 0.2]
    assert precision_macro(truth, score) == pytest.approx((1 / 2 + 0) / 2)
    assert f1_macro(truth, score) == pytest.approx((2 / 3 + 0) / 2)


def test_absent_class_neither_helps_nor_harms() -> None:
    one_hot = np.eye(3)
    assert f1_macro([0, 1], one_hot[[0, 1]]) == 1.0
    # a decision for absent class 2 costs class 1 its recall, nothing more
    assert f1_macro([0, 1, 1], one_hot[[0, 1, 2]]) == pytest.approx((1 + 2 / 3) / 2)
    assert f1_micro([0, 1, 1], one_hot[[0, 1, 2]]) == pytest.approx(2 / 3)
    assert f1_macro([1, 1], [0.9, 0.8]) == precision_macro([1, 1], [0.9, 0.1]) == 1.0


def test_label_without_positive_is_left_out_of_macro_but_not_of_micro() -> None:
    truth, score = [[1, 0], [1, 0]], [[0.9, 0.9], [0.9, 0.1]]
    assert f1_macro(truth, score) == 1.0
    assert f1_micro(truth, score) == pytest.approx(4 / 5)


@pytest.mark.parametrize("metric", [f1_macro, f1_micro, recall_macro, precision_macro])
def test_no_positive_label_at_all(metric: Any) -> None:
    with pytest.raises(Undefined, match=r"^no label has a positive sample$"):
        metric([[0, 0]], [[0.9, 0.1]])


@pytest.mark.parametrize(
    ("ours", "theirs", "average"),
    [
        (f1_macro, reference.f1_score, "macro"),
        (f1_micro, reference.f1_score, "micro"),
        (recall_macro, reference.recall_score, "macro"),
        (precision_macro, reference.precision_score, "macro"),
    ],
)
def test_parity_with_scikit_learn(ours: Any, theirs: Any, average: str) -> None:
    rng = np.random.default_rng(0)
    multi, scores = np.concatenate([np.arange(4), rng.integers(0, 4, 50)]), rng.random((54, 4))
    expected = theirs(multi, scores.argmax(axis=1), average=average, zero_division=0)
    assert ours(multi, scores) == pytest.approx(expected, abs=1e-12)
    labels = rng.integers(0, 2, (54, 4))
    expected = theirs(labels, (scores >= 0.5).astype(int), average=average, zero_division=0)
    assert ours(labels, scores) == pytest.approx(expected, abs=1e-12)


def test_equalities_of_single_label_tasks() -> None:
    rng = np.random.default_rng(1)
    truth, scores = np.concatenate([np.arange(3), rng.integers(0, 3, 30)]), rng.random((33, 3))
    assert f1_micro(truth, scores) == pytest.approx(acc(truth, scores))
    assert recall_macro(truth, scores) == pytest.approx(balanced_acc(truth, scores))
