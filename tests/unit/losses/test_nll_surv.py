"""The discrete-time survival likelihood against hand and a float64 loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError
from benchmark.core.problem import Task
from benchmark.losses.config import NLLSurvConfig
from benchmark.losses.nll_surv import NLLSurv

TASK = Task(name="os", kind="survival")
#: Events at 1..8, censored samples that must not move the edges.
TRAIN = np.array([[t, 1] for t in range(1, 9)] + [[90, 0], [80, 0], [math.nan, math.nan]])


def _loss(bins: int = 4, alpha: float = 0.0) -> NLLSurv:
    return NLLSurv(TASK, NLLSurvConfig(bins=bins, alpha=alpha), TRAIN)


def test_edges_are_quantiles_of_training_event_times() -> None:
    loss = _loss()
    assert loss.n_outputs == 4
    assert loss.edges.tolist() == [2.75, 4.5, 6.25]
    assert "edges" in loss.state_dict()


def test_two_bins_by_hand() -> None:
    # Edge 4.5; hazards 1/2 and 3/4. Died early: -log 1/2. Died late: -log 1/2 - log 3/4.
    loss = _loss(bins=2)
    logits = torch.tensor([[0.0, math.log(3)]]).repeat(4, 1)
    target = torch.tensor([[1.0, 1.0], [4.5, 1.0], [1.0, 0.0], [50.0, 0.0]])
    each = [loss(logits[i : i + 1], target[i : i + 1]).item() for i in range(4)]
    log = math.log
    expected = [-log(1 / 2), -log(1 / 2) - log(3 / 4), -log(1 / 2), -log(1 / 2) - log(1 / 4)]
    assert each == pytest.approx(expected)
    assert loss(logits, target).item() == pytest.approx(sum(expected) / 4)


@pytest.mark.parametrize("alpha", [0.0, 0.4])
def test_value_and_gradient_against_a_float64_loop(alpha: float) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(12, 4))
    target = np.stack([rng.uniform(0, 10, 12), rng.random(12) < 0.5], axis=1).astype(float)
    target[3] = math.nan
    logits = torch.tensor(z, requires_grad=True)
    value = _loss(alpha=alpha)(logits, torch.tensor(target, dtype=torch.float32))
    value.backward()

    total, gradient = 0.0, np.zeros_like(z)
    for i in np.delete(np.arange(12), 3):
        h = 1 / (1 + np.exp(-z[i]))
        y = sum(target[i, 0] >= edge for edge in (2.75, 4.5, 6.25))
        if target[i, 1] == 1:
            total -= np.log(1 - h[:y]).sum() + math.log(h[y])
            gradient[i, :y] = h[:y]
            gradient[i, y] = h[y] - 1
        else:
            total -= (1 - alpha) * np.log(1 - h[: y + 1]).sum()
            gradient[i, : y + 1] = (1 - alpha) * h[: y + 1]
    assert value.item() == pytest.approx(total / 11, abs=1e-12)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), gradient / 11, atol=1e-12)


def test_risk_is_minus_the_sum_of_survival() -> None:
    # Hazards 1/2, 3/4: survival 1/2, 1/8.
    scores = _loss(bins=2).scores(torch.tensor([[0.0, math.log(3)], [-50.0, -50.0]]))
    assert scores.tolist() == pytest.approx([-0.625, -2.0])


@pytest.mark.parametrize("train", [TRAIN[8:], np.array([[1.0, 1], [1, 1], [1, 1], [2, 1]])])
def test_too_few_event_times(train: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"task 'os' has . different event times .* 4 bins"):
        NLLSurv(TASK, NLLSurvConfig(), train)
