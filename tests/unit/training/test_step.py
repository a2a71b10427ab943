"""Gradient steps: micro-batches, weights, clipping, divergence."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import DivergedError
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.training.config import TrainingConfig
from benchmark.training.step import gradient_step

Losses = dict[str, Loss]


def _step(model: Model, losses: Losses, batch: Batch, **config: Any) -> tuple[float, list[Tensor]]:
    """Take one SGD step of rate 1 on a copy; return the loss and the gradients."""
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    loss = gradient_step(model, losses, batch, optimizer, TrainingConfig.parse(config))
    return loss, [
        torch.zeros_like(one) if one.grad is None else one.grad for one in model.parameters()
    ]


@pytest.mark.parametrize("accumulate", [2, 3, 5, 12, 40])
def test_micro_batches_equal_the_whole(
    model: Model, losses: Losses, batch: Batch, accumulate: int
) -> None:
    """Labels are missing unevenly and both losses are weighted, so shares must be exact."""
    whole, gradients = _step(model, losses, batch)
    loss, other = _step(model, losses, batch, accumulate=accumulate)
    assert loss == pytest.approx(whole, abs=1e-6)
    for one, two in zip(gradients, other, strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_task_weights(model: Model, losses: Losses, batch: Batch) -> None:
    model.eval()
    with torch.no_grad():
        logits = model(batch).logits
    each = {task: float(loss(logits[task], batch.targets[task])) for task, loss in losses.items()}
    loss, _ = _step(model, losses, batch, task_weights={"kind": 0.25})
    assert loss == pytest.approx(0.25 * each["kind"] + each["flag"], rel=1e-5)


def test_batch_without_labels_changes_nothing(model: Model, losses: Losses, batch: Batch) -> None:
    targets = {task: torch.full_like(one, -1) for task, one in batch.targets.items()}
    loss, gradients = _step(
        model, losses, Batch(batch.dataset, batch.inputs, batch.observed, targets, batch.rows)
    )
    assert loss == 0
    assert not any(one.any() for one in gradients)


def test_batch_of_one(model: Model, losses: Losses, batch: Batch) -> None:
    loss, gradients = _step(model, losses, batch.select(torch.tensor([7])), accumulate=2)
    assert loss > 0
    assert all(one.isfinite().all() for one in gradients)


def test_clipping_limits_the_update_itself(model: Model, losses: Losses, batch: Batch) -> None:
    moved = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(moved.parameters(), lr=1.0)
    gradient_step(moved, losses, batch, optimizer, TrainingConfig(clip_norm=1e-3))
    change = [(a - b).detach() for a, b in zip(moved.parameters(), model.parameters(), strict=True)]
    assert float(torch.cat([one.flatten() for one in change]).norm()) == pytest.approx(
        1e-3, rel=0.01
    )


def test_bf16_is_near_fp32(model: Model, losses: Losses, batch: Batch) -> None:
    fine, coarse = (_step(model, losses, batch, precision=p)[0] for p in ("fp32", "bf16"))
    assert coarse != fine
    assert coarse == pytest.approx(fine, rel=0.05)


class _Adds(torch.nn.Module):
    """Wraps a model and adds a loss of its own, or spoils its logits."""

    def __init__(self, model: Model, term: float = 0.0, factor: float = 1.0) -> None:
        super().__init__()
        self.model, self.term, self.factor = model, term, factor

    def forward(self, batch: Batch) -> Output:
        output = self.model(batch)
        logits = {task: one * self.factor for task, one in output.logits.items()}
        return Output(logits, losses={"balance": torch.tensor(self.term)})


@pytest.mark.parametrize("accumulate", [1, 3])
def test_terms_of_the_model_are_added_once(
    model: Model, losses: Losses, batch: Batch, accumulate: int
) -> None:
    plain = _step(model, losses, batch)[0]
    with_term: Any = _Adds(model, term=2.0)
    loss = _step(with_term, losses, batch, accumulate=accumulate)[0]
    assert loss == pytest.approx(plain + 2.0, abs=1e-5)


@pytest.mark.parametrize(
    ("factor", "text"), [(float("nan"), "training loss is nan"), (float("inf"), "is nan|is inf")]
)
def test_divergence(model: Model, losses: Losses, batch: Batch, factor: float, text: str) -> None:
    broken: Any = _Adds(model, factor=factor)
    with pytest.raises(DivergedError, match=text):
        _step(broken, losses, batch)


def test_infinite_logits_of_unlabelled_samples_are_found(
    model: Model, losses: Losses, batch: Batch
) -> None:
    values = batch.inputs["a"].values.clone()
    values[2] = torch.inf  # neither task of sample 2 is labelled, so the loss stays finite
    inputs = {**batch.inputs, "a": type(batch.inputs["a"])(values)}
    spoiled = Batch(batch.dataset, inputs, batch.observed, batch.targets, batch.rows)
    with pytest.raises(DivergedError, match="logits of task 'kind' are not finite"):
        _step(model, losses, spoiled)
