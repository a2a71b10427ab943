from __future__ import annotations

import numpy as np
import pytest

from benchmark.metrics._base import Undefined
from benchmark.metrics.accuracy import acc, balanced_acc


def test_acc_binary_by_hand() -> None:
    assert acc([1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.1, 0.2]) == pytest.approx(3 / 5)


def test_a_probability_of_one_half_decides_for_class_one() -> None:
    assert acc([1], [0.5]) == 1.0
    assert acc([0], [0.5]) == 0.0


def test_multiclass_tie_goes_to_the_first_class() -> None:
    tied = [[0.4, 0.4, 0.2]]
    assert acc([0], tied) == 1.0
    assert acc([1], tied) == 0.0


def test_balanced_acc_by_hand() -> None:
    # recall of class 0 is 2/3, of class 1 is 1/2
    value = balanced_acc([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.3])
    assert value == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_balanced_acc_leaves_absent_classes_out() -> None:
    scores = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]])
    # class 2 is absent though it is predicted once: recalls 1/2 and 1
    assert balanced_acc([0, 0, 1], scores) == pytest.approx(0.75)


def test_one_class_only_is_defined() -> None:
    assert acc([1, 1], [0.9, 0.1]) == 0.5
    assert balanced_acc([1, 1], [0.9, 0.1]) == 0.5


def test_multilabel_is_refused() -> None:
    with pytest.raises(ValueError, match="defined for binary, multiclass tasks, not multilabel"):
        acc([[1, 0]], [[0.9, 0.2]])


@pytest.mark.parametrize("metric", [acc, balanced_acc])
def test_no_samples(metric: type) -> None:
    with pytest.raises(Undefined, match=r"^no labelled samples$"):
        metric([], [])
