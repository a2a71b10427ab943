"""Squared, absolute and smooth absolute error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.problem import Task
from benchmark.losses import LOSSES
from benchmark.losses._base import Loss

TASK = Task(name="age", kind="regression")


def _loss(name: str, **settings: Any) -> Loss:
    config = LOSSES.config(name).parse(settings)
    loss = LOSSES.load(name)(TASK, config, np.zeros(0))
    assert isinstance(loss, Loss)
    return loss


@pytest.mark.parametrize(
    ("name", "settings", "expected", "slope"),
    [
        ("mse", {}, (0.25 + 9) / 2, [0.5, -3.0]),
        ("mae", {}, 3.5 / 2, [0.5, -0.5]),
        ("smooth_l1", {}, (0.125 + 2.5) / 2, [0.25, -0.5]),
        ("smooth_l1", {"beta": 4.0}, (0.25 / 8 + 9 / 8) / 2, [0.5 / 8, -3 / 8]),
    ],
)
def test_by_hand(name: str, settings: dict[str, Any], expected: float, slope: list[float]) -> None:
    """Errors of 0.5 and -3, and an unlabelled sample."""
    logits = torch.tensor([[1.5], [-2.0], [7.0]], requires_grad=True)
    value = _loss(name, **settings)(logits, torch.tensor([1.0, 1.0, math.nan]))
    value.backward()
    assert value.item() == pytest.approx(expected)
    assert logits.grad is not None
    assert logits.grad[:, 0].tolist() == pytest.approx([*slope, 0.0])


def test_scores_are_the_values() -> None:
    scores = _loss("mse").scores(torch.tensor([[2.0], [-1.0]], dtype=torch.bfloat16))
    assert scores.tolist() == [2.0, -1.0]
    assert scores.dtype == torch.float32
