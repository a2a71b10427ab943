"""What holds for every registered metric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmark.metrics import METRICS
from benchmark.metrics._base import Undefined
from benchmark.metrics.evaluate import evaluate, metric_info

CASES = [(name, kind) for name in METRICS for kind in metric_info(name).kinds]
SECTIONS = ("Definition:", "Direction:", "Bounds:", "Ties:", "One class:", "Args:", "Raises:")


def _draw(kind: str, seed: int, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Random labels and coarse scores (ties are frequent); classes may be absent."""
    rng = np.random.default_rng(seed)
    if kind == "binary":
        return rng.integers(0, 2, n), rng.integers(0, 5, n) / 4
    if kind == "multilabel":
        return rng.integers(0, 2, (n, 3)), rng.integers(0, 5, (n, 3)) / 4
    if kind == "regression":
        return rng.integers(-3, 4, n) / 2, rng.integers(-3, 4, n) / 2
    if kind == "survival":
        return np.stack([rng.integers(1, 6, n), rng.integers(0, 2, n)], 1), rng.integers(0, 5, n)
    raw = rng.integers(0, 4, (n, 3)) + 0.25
    return rng.integers(0, 3, n), raw / raw.sum(axis=1, keepdims=True)


def _perfect(kind: str, truth: NDArray[Any]) -> NDArray[Any]:
    if kind == "survival":
        return -truth[:, 0].astype(float)
    return np.eye(3)[truth] if kind == "multiclass" else truth.astype(float)


def _value(name: str, truth: NDArray[Any], score: NDArray[Any]) -> float | str:
    try:
        return float(METRICS.load(name)(truth, score))
    except Undefined as reason:
        return str(reason)


@pytest.mark.parametrize("name", list(METRICS))
def test_docstring_is_complete(name: str) -> None:
    text = METRICS.load(name).__doc__
    assert [section for section in SECTIONS if section not in text] == []
    assert METRICS.load(name).__name__ == name
    info = metric_info(name)
    assert info.label
    assert info.summary
    assert info.kinds


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_perfect_scores_reach_the_best_bound(name: str, kind: str) -> None:
    info = metric_info(name)
    truth = np.array([0, 1, 2, 2, 1, 0]) if kind == "multiclass" else np.array([0, 1, 1, 0])
    if kind == "multilabel":
        truth = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0]])
    if kind == "survival":
        truth = np.array([[3, 1], [1, 1], [2, 0], [4, 0]])
    best = info.bounds[1] if info.higher_is_better else info.bounds[0]
    assert _value(name, truth, _perfect(kind, truth)) == pytest.approx(best)


@pytest.mark.parametrize(("name", "kind"), CASES)
@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 25))
def test_bounds_and_order_of_samples(name: str, kind: str, seed: int, n: int) -> None:
    truth, score = _draw(kind, seed, n)
    value = _value(name, truth, score)
    order = np.random.default_rng(seed).permutation(n)
    again = _value(name, truth[order], score[order])
    assert again == (value if isinstance(value, str) else pytest.approx(value, abs=1e-12))
    if not isinstance(value, str):
        low, high = metric_info(name).bounds
        assert low <= value <= high


# A binary task is left out: its class 1 is the positive one by definition.
@pytest.mark.parametrize(
    ("name", "kind"), [case for case in CASES if case[1] in ("multiclass", "multilabel")]
)
@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
def test_swapping_class_names_changes_nothing(name: str, kind: str, seed: int) -> None:
    truth, score = _draw(kind, seed, 12)
    score = score + np.random.default_rng(seed).random(score.shape) * 1e-3  # ties have an order
    order = np.array([2, 0, 1])
    renamed = truth[:, order] if kind == "multilabel" else np.argsort(order)[truth]
    value, again = _value(name, truth, score), _value(name, renamed, score[:, order])
    if isinstance(value, str):
        assert isinstance(again, str)
    else:
        assert again == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_small_and_empty_inputs(name: str, kind: str) -> None:
    for n in (0, 1):
        truth, score = _draw(kind, 1, n)
        value = evaluate(name, kind, truth, score)  # type: ignore[arg-type]
        assert value.n == n
        assert (value.value is None) <= bool(value.reason)
        assert value.value is None or np.isfinite(value.value)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_constant_scores_rank_like_a_coin(kind: str) -> None:
    truth = _draw(kind, 0, 40)[0]
    score = np.full(truth.shape if kind != "multiclass" else (40, 3), 1 / 3)
    names = [name for name, its in CASES if its == kind and name.startswith("auroc")]
    assert names
    assert [_value(name, truth, score) for name in names] == [0.5] * len(names)
