"""Focal loss against hand-computed values and a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Task
from benchmark.losses.config import CrossEntropyConfig, FocalConfig
from benchmark.losses.cross_entropy import CrossEntropy
from benchmark.losses.focal import Focal

TASK = Task(name="density", kind="multiclass", classes=("a", "b", "c"))
BINARY = Task(name="risk", kind="binary", classes=("no", "yes"))
TRAIN = np.array([0.0, 0, 0, 1, 1, 2, np.nan, -1])


def _loss(task: Task = TASK, **settings: object) -> Focal:
    return Focal(task, FocalConfig.model_validate(settings), TRAIN)


def test_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(2), 0.0], [0.0, 0.0, 0.0]])
    # Probabilities 1/2 and 1/3 of the true classes; weights 1 - 1/3 and 1 - 1/6.
    expected = 2 / 3 * (1 / 2) ** 2 * math.log(2) + 5 / 6 * (2 / 3) ** 2 * math.log(3)
    value = _loss()(logits, torch.tensor([1, 2]))
    assert value.item() == pytest.approx(expected / 2)


def test_weights_are_counted_on_labelled_training_samples() -> None:
    assert _loss().weights.tolist() == pytest.approx([1 / 2, 2 / 3, 5 / 6])
    assert _loss(weights="balanced").weights.tolist() == pytest.approx([6 / 9, 6 / 6, 6 / 3])
    assert _loss(weights="none").weights is None
    absent = Focal(TASK, FocalConfig(), np.array([0.0, 0.0, 1.0]))
    assert absent.weights.tolist() == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_loop_in_float64(gamma: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 2, -1, 1, 1, -1])
    weights = (0.3, 1.0, 2.5)
    total = torch.zeros((), dtype=torch.float64)
    for row, y in zip(logits, target.tolist(), strict=True):
        if y >= 0:
            p = row[y].exp() / sum(z.exp() for z in row)
            total = total - weights[y] * (1 - p) ** gamma * p.log() / 4
    value = _loss(gamma=gamma, weights=weights)(logits, target)
    # Weights are kept in single precision.
    assert torch.allclose(value, total, rtol=0, atol=1e-7)
    one, other = (torch.autograd.grad(x, logits)[0] for x in (value, total))
    assert torch.allclose(one, other, rtol=0, atol=1e-7)


def test_without_exponent_and_weights_it_is_cross_entropy() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, -1, 1])
    plain = CrossEntropy(TASK, CrossEntropyConfig(), TRAIN)
    focal = _loss(gamma=0.0, weights="none")
    assert torch.allclose(focal(logits, target), plain(logits, target))
    assert torch.equal(focal.scores(logits), plain.scores(logits))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_certainty_has_finite_gradients(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0], [-200.0, 0.0, 0.0]], requires_grad=True)
    _loss(gamma=gamma)(logits, torch.tensor([0, 0])).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_nothing_labelled_is_zero() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    value = _loss()(logits, torch.tensor([-1, -1]))
    value.backward()
    assert value.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_binary_tasks_have_two_logits() -> None:
    loss = Focal(BINARY, FocalConfig(), np.array([0, 0, 0, 1]))
    assert loss.n_outputs == 2
    assert loss.weights is not None
    assert loss.weights.tolist() == pytest.approx([0.25, 0.75])
    assert loss.scores(torch.tensor([[0.0, math.log(3)]])).tolist() == pytest.approx([0.75])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="focal has 2 weights, task 'density' has 3 classes"):
        _loss(weights=(1.0, 1.0))
    with pytest.raises(DataError, match="'density' has no labelled training sample"):
        Focal(TASK, FocalConfig(), np.array([np.nan, -1]))
