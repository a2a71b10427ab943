from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmark.metrics._base import Undefined
from benchmark.metrics.auroc import auroc_binary, auroc_ovo_macro, auroc_ovr_macro


def _pairs_won(truth: NDArray[Any], score: NDArray[Any]) -> float:
    """The definition itself: share of (positive, negative) pairs in the right order."""
    difference = score[truth == 1][:, None] - score[truth == 0][None, :]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


@st.composite
def binary(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both outcomes, and whole-number scores so that ties are frequent."""
    rest = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), max_size=30))
    pairs = [(0, draw(st.integers(-5, 5))), (1, draw(st.integers(-5, 5))), *rest]
    truth, score = np.array(pairs).T
    return truth, score.astype(float)


@given(binary())
def test_binary_is_the_share_of_pairs_in_order(data: tuple[NDArray[Any], NDArray[Any]]) -> None:
    truth, score = data
    assert auroc_binary(truth, score) == pytest.approx(_pairs_won(truth, score))


@given(binary())
def test_binary_ignores_increasing_maps_and_mirrors_under_decreasing_ones(
    data: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    truth, score = data
    value = auroc_binary(truth, score)
    assert auroc_binary(truth, np.exp(score)) == value
    assert auroc_binary(truth, score**3 + 7) == value
    assert auroc_binary(truth, -score) == pytest.approx(1 - value)
    assert auroc_binary(1 - truth, score) == pytest.approx(1 - value)


def test_perfect_worst_constant_and_half_tie() -> None:
    assert auroc_binary([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]) == 1.0
    assert auroc_binary([0, 0, 1, 1], [0.4, 0.3, 0.2, 0.1]) == 0.0
    assert auroc_binary([0, 0, 1, 1], [0.7] * 4) == 0.5
    assert auroc_binary([0, 0, 1], [0.1, 0.5, 0.5]) == 0.75


@pytest.mark.parametrize("only", [0, 1])
def test_binary_one_class_only(only: int) -> None:
    with pytest.raises(Undefined, match=rf"^one class only \(class {only}\)$"):
        auroc_binary([only, only], [0.2, 0.3])


def _softmax(rng: np.random.Generator, n: int, c: int) -> NDArray[Any]:
    raw = np.exp(rng.normal(size=(n, c)))
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_multiclass_parity_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(4), rng.integers(0, 4, 60)])
    score = _softmax(rng, 64, 4)
    ovr = roc_auc_score(truth, score, multi_class="ovr", average="macro")
    ovo = roc_auc_score(truth, score, multi_class="ovo", average="macro")
    assert auroc_ovr_macro(truth, score) == pytest.approx(ovr, abs=1e-12)
    assert auroc_ovo_macro(truth, score) == pytest.approx(ovo, abs=1e-12)


def test_multilabel_parity_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, (40, 5)), rng.random((40, 5))
    assert auroc_ovr_macro(truth, score) == pytest.approx(
        roc_auc_score(truth, score, average="macro"), abs=1e-12
    )


def test_absent_class_is_left_out() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([0, 2] * 10)
    score = _softmax(rng, 20, 3)
    by_hand = np.mean([_pairs_won((truth == c).astype(int), score[:, c]) for c in (0, 2)])
    assert auroc_ovr_macro(truth, score) == pytest.approx(by_hand)
    assert auroc_ovo_macro(truth, score) == pytest.approx(by_hand)


def test_label_without_both_outcomes_is_left_out() -> None:
    truth = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 0]])
    score = np.array([[0.9, 0.1, 0.1], [0.2, 0.5, 0.9], [0.1, 0.3, 0.2]])
    assert auroc_ovr_macro(truth, score) == 0.5  # label 0 alone: one pair won, one lost


def test_macro_with_nothing_to_rank() -> None:
    with pytest.raises(Undefined, match=r"^no class has samples both inside and outside it$"):
        auroc_ovr_macro([1, 1], [[0.5, 0.5], [0.1, 0.9]])
    with pytest.raises(Undefined, match=r"^one class only \(class 2\)$"):
        auroc_ovo_macro([2, 2], [[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])
