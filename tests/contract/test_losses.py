"""What holds for every registered loss and every task kind it is defined for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.core.problem import Task, TaskKind
from benchmark.losses import DEFAULT_LOSS, LOSSES
from benchmark.losses._base import Loss
from benchmark.metrics.evaluate import evaluate, metric_form

CASES = [(name, kind) for name in LOSSES for kind in LOSSES.load(name).kinds]
METRIC = {
    "binary": "auroc_binary",
    "multiclass": "acc",
    "multilabel": "f1_micro",
    "regression": "mae",
    "survival": "c_index",
    "segmentation": "dice_macro",
}
BEST = {"mae": 0.0}
CLASSES = {"binary": ("a", "b"), "regression": (), "survival": ()}


def _task(kind: TaskKind) -> Task:
    return Task(name="t", kind=kind, classes=CLASSES.get(kind, ("a", "b", "c")))


def _targets(kind: str, n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    if kind == "multilabel":
        return torch.randint(0, 2, (n, 3), generator=generator).float()
    if kind == "regression":
        return torch.linspace(-1.5, 1.5, n)
    if kind == "survival":  # few times, so that time bins can tell them apart; the last censored
        time = 1.0 + torch.arange(n) % 4
        return torch.stack([time, (time < 4).float()], dim=1)
    if kind == "segmentation":
        return torch.randint(0, 3, (n, 4, 4), generator=generator)
    return torch.arange(n) % (2 if kind == "binary" else 3)


def _build(name: str, kind: Any, **settings: Any) -> Loss:
    config = LOSSES.config(name).parse(_settings(name) | settings)
    loss = LOSSES.load(name)(_task(kind), config, _targets(kind, 12).numpy())
    assert isinstance(loss, Loss)
    return loss


def _settings(name: str) -> dict[str, Any]:
    return {"bins": 3} if name == "nll_surv" else {}


def _shape(loss: Loss, n: int) -> tuple[int, ...]:
    """Shape of the logits of n samples."""
    return (n, loss.n_outputs, *([4, 4] if loss.task.kind == "segmentation" else []))


def _unlabelled(target: Tensor) -> Tensor:
    return torch.full_like(target, float("nan") if target.is_floating_point() else -1)


def test_every_default_loss_knows_its_kind() -> None:
    for kind, name in DEFAULT_LOSS.items():
        assert (name, kind) in CASES


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_training_on_logits_alone_ends_in_perfect_scores(name: str, kind: Any) -> None:
    """Descending the loss must raise the metric: signs and score columns fit together."""
    loss, target = _build(name, kind), _targets(kind, 12)
    logits = torch.zeros(_shape(loss, 12), requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.5)
    first = loss(logits, target).item()
    for step in range(60):
        optimizer.param_groups[0]["lr"] = 0.5 * (1 - step / 60)
        optimizer.zero_grad()
        loss(logits, target).backward()
        optimizer.step()
    # Tied deaths keep a partial likelihood from falling to 0.
    assert loss(logits, target).item() < first * (0.6 if name == "cox" else 0.1)
    scores = loss.scores(logits.detach()).numpy()
    best = BEST.get(METRIC[kind], 1.0)
    truth, scores = metric_form(loss.task, target.numpy(), scores)
    found = evaluate(METRIC[kind], kind, truth, scores).value
    assert found == pytest.approx(best, abs=0.05 if best == 0 else 0.0)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_unlabelled_samples_change_nothing(name: str, kind: Any) -> None:
    loss, target = _build(name, kind), _targets(kind, 6)
    logits = torch.randn(_shape(loss, 12), generator=torch.Generator().manual_seed(1))
    mixed = torch.cat([target, _unlabelled(target)])
    assert torch.allclose(loss(logits, mixed), loss(logits[:6], target))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_scalar_finite_and_differentiable_even_without_labels(name: str, kind: Any) -> None:
    loss, target = _build(name, kind), _targets(kind, 1)
    for one in (target, _unlabelled(target)):
        logits = torch.randn(_shape(loss, 1), requires_grad=True)
        value = loss(logits, one)
        value.backward()
        assert value.shape == ()
        assert torch.isfinite(value)
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_extreme_logits_stay_finite(name: str, kind: Any) -> None:
    loss, target = _build(name, kind), _targets(kind, 6)
    logits = 1e4 * torch.randn(_shape(loss, 6), generator=torch.Generator().manual_seed(2))
    assert torch.isfinite(loss(logits, target))
    scores = loss.scores(logits).numpy()
    assert np.isfinite(scores).all()
    if kind not in ("regression", "survival", "segmentation"):  # probabilities
        assert scores.min() >= 0
        assert scores.max() <= 1
