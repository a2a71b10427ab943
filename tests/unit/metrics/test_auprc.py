from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmark.metrics._base import Undefined
from benchmark.metrics.auprc import auprc_ap, auprc_trapezoid


def test_average_precision_by_hand() -> None:
    # positives at ranks 1 and 3: precision 1 and 2/3, recall rises by 1/2 at each
    assert auprc_ap([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_trapezoid_by_hand() -> None:
    # points (recall, precision): (0, 1), (1/2, 1), (1/2, 1/2), (1, 2/3)
    value = auprc_trapezoid([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    assert value == pytest.approx(0.5 * 1 + 0.5 * (1 / 2 + 2 / 3) / 2)


def test_constant_score() -> None:
    truth = [1, 0, 0, 0]
    assert auprc_ap(truth, [0.3] * 4) == pytest.approx(1 / 4)
    assert auprc_trapezoid(truth, [0.3] * 4) == pytest.approx((1 + 1 / 4) / 2)


def test_ties_do_not_depend_on_order() -> None:
    assert auprc_ap([1, 0, 0], [0.5, 0.5, 0.1]) == auprc_ap([0, 1, 0], [0.5, 0.5, 0.1]) == 0.5


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), max_size=30))
def test_average_precision_is_the_step_sum(rest: list[tuple[int, int]]) -> None:
    truth, score = np.array([(1, 2), (0, 3), *rest]).T
    expected, last_recall = 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        chosen = score >= threshold
        recall = truth[chosen].sum() / truth.sum()
        expected += (recall - last_recall) * truth[chosen].mean()
        last_recall = recall
    assert auprc_ap(truth, score) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [auprc_ap, auprc_trapezoid])
def test_one_class_only(metric: Any) -> None:
    for only in (0, 1):
        with pytest.raises(Undefined, match=rf"^one class only \(class {only}\)$"):
            metric([only, only], [0.1, 0.9])
    with pytest.raises(Undefined, match=r"^no class has samples both inside and outside it$"):
        metric([[1, 0], [1, 0]], [[0.1, 0.9], [0.4, 0.2]])


def _one_hot(truth: NDArray[Any], classes: int) -> NDArray[Any]:
    return np.asarray(truth[:, None] == np.arange(classes)).astype(int)


def test_macro_over_classes_and_labels_matches_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    truth, score = np.concatenate([[0, 1, 2], rng.integers(0, 3, 40)]), rng.random((43, 3))
    expected = average_precision_score(_one_hot(truth, 3), score, average="macro")
    assert auprc_ap(truth, score) == pytest.approx(expected, abs=1e-12)
    assert auprc_ap(_one_hot(truth, 3), score) == pytest.approx(expected, abs=1e-12)


def test_absent_class_is_left_out() -> None:
    score = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]])
    assert auprc_ap([0, 1, 0], score) == auprc_trapezoid([0, 1, 0], score) == 1.0
