"""Cox's partial likelihood against hand, a float64 loop and lifelines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lifelines import CoxPHFitter
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmark.core.problem import Task
from benchmark.losses.config import CoxConfig
from benchmark.losses.cox import Cox

TASK = Task(name="os", kind="survival")
NONE = np.zeros((0, 2))


def _cox(ties: Any) -> Cox:
    return Cox(TASK, CoxConfig(ties=ties), NONE)


def _draw(seed: int, n: int = 40, tied: bool = True) -> tuple[NDArray[Any], NDArray[Any]]:
    """Log-risks (n,) and time, event (n, 2); many times are shared where ``tied``."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 8, n).astype(float) if tied else rng.exponential(size=n) + 0.01
    return rng.normal(size=n), np.stack([time, rng.random(n) < 0.6], axis=1).astype(float)


def _loop(risk: NDArray[Any], target: NDArray[Any], ties: str) -> tuple[float, NDArray[np.float64]]:
    """The formula, term by term: value and gradient."""
    time, event = target[:, 0], target[:, 1] == 1
    total, gradient = 0.0, np.zeros(len(risk))
    for t in np.unique(time[event]):
        tied = np.flatnonzero(event & (time == t))
        for nth, i in enumerate(tied):
            weight = (time >= t) * np.exp(risk)
            if ties == "efron":
                weight[tied] *= 1 - nth / len(tied)
            total += math.log(weight.sum()) - risk[i]
            gradient += weight / weight.sum()
            gradient[i] -= 1
    return total / event.sum(), gradient / event.sum()


def test_three_samples_by_hand() -> None:
    # Events at 1 and 3, censored at 2: log(e^0 + e^1 + e^2) - 0 and log(e^2) - 2 = 0.
    logits = torch.tensor([[0.0], [1.0], [2.0]])
    target = torch.tensor([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    expected = math.log(1 + math.e + math.e**2) / 2
    for ties in ("breslow", "efron"):
        assert _cox(ties)(logits, target).item() == pytest.approx(expected)


def test_a_tie_by_hand() -> None:
    # Two events and one censored sample at time 1, one sample later; weights 1, 2, 3, 4.
    logits = torch.tensor([1.0, 2.0, 3.0, 4.0]).log()[:, None]
    target = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [2.0, 0.0]])
    breslow = (2 * math.log(10) - math.log(2)) / 2
    efron = (math.log(10) + math.log(10 - 3 / 2) - math.log(2)) / 2
    assert _cox("breslow")(logits, target).item() == pytest.approx(breslow)
    assert _cox("efron")(logits, target).item() == pytest.approx(efron)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("seed", range(5))
def test_value_and_gradient_against_a_float64_loop(ties: str, seed: int) -> None:
    risk, target = _draw(seed)
    logits = torch.tensor(risk[:, None], requires_grad=True)
    value = _cox(ties)(logits, torch.tensor(target))
    value.backward()
    expected, gradient = _loop(risk, target, ties)
    assert value.item() == pytest.approx(expected, abs=1e-12)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad[:, 0].numpy(), gradient, atol=1e-12)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_order_and_shift_change_nothing(ties: str) -> None:
    risk, target = _draw(3)
    order = np.random.default_rng(0).permutation(len(risk))
    loss, logits, y = _cox(ties), torch.tensor(risk[:, None]), torch.tensor(target)
    assert loss(logits[order], y[order]).item() == pytest.approx(loss(logits, y).item(), abs=1e-12)
    assert loss(logits + 500, y).item() == pytest.approx(loss(logits, y).item(), abs=1e-9)


def test_without_ties_both_are_one() -> None:
    risk, target = _draw(0, tied=False)
    one, other = (
        _cox(t)(torch.tensor(risk[:, None]), torch.tensor(target)) for t in ("breslow", "efron")
    )
    assert one.item() == pytest.approx(other.item(), abs=1e-12)


def test_only_censored_samples_give_zero_and_no_gradient() -> None:
    loss, logits = _cox("breslow"), torch.randn(3, 1, requires_grad=True)
    target = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    loss(logits, target).backward()
    assert loss(logits, target).item() == 0
    assert loss.weight(target).item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_weight_counts_labelled_events() -> None:
    nan = math.nan
    target = torch.tensor([[1.0, 1.0], [2.0, 0.0], [nan, nan], [nan, 1.0], [3.0, 1.0]])
    assert _cox("breslow").weight(target).item() == 2


@pytest.mark.parametrize("tied", [False, True])
def test_fitted_linear_model_equals_lifelines(tied: bool) -> None:
    """lifelines maximises the Efron likelihood: same coefficients, same likelihood there."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(120, 3))
    time = rng.exponential(np.exp(-x @ [0.8, -0.5, 0.0])) + 0.01
    if tied:
        time = np.ceil(4 * time)
    target = np.stack([time, rng.random(120) < 0.7], axis=1).astype(float)
    frame = pd.DataFrame(x).assign(time=time, event=target[:, 1])
    fitter = CoxPHFitter().fit(frame, "time", "event")
    features, y, loss = torch.tensor(x), torch.tensor(target), _cox("efron")

    def objective(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = torch.tensor(beta, requires_grad=True)
        value = loss((features @ weights)[:, None], y)
        value.backward()
        assert weights.grad is not None
        return value.item(), weights.grad.numpy()

    found = minimize(objective, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(found.x, fitter.params_.to_numpy(), atol=1e-5)
    assert -found.fun * target[:, 1].sum() == pytest.approx(fitter.log_likelihood_, abs=1e-6)


def test_scores_are_the_log_risks() -> None:
    scores = _cox("breslow").scores(torch.tensor([[2.0], [-1.0]], dtype=torch.bfloat16))
    assert scores.tolist() == [2.0, -1.0]
    assert scores.dtype == torch.float32
