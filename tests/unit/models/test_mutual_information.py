"""The routing regulariser against plain loops and cases that can be computed by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from benchmark.models.layers.mutual_information import (
    Reduction,
    Unit,
    joint_of_units,
    mutual_information,
    routing_probabilities,
    routing_regulariser,
)

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
B, L, N, T = 2, 5, 3, 2
COUNTS = (2, 3)
MASK = torch.tensor([[True, True, False, True, True], [False, False, True, True, False]])


def _by_loops(
    logits: Tensor, mask: Tensor, unit: Unit, reduction: Reduction, counts: Sequence[int] = COUNTS
) -> Tensor:
    owner = [m for m, count in enumerate(counts) for _ in range(count)]
    total = torch.zeros((), dtype=logits.dtype)
    for b in range(len(logits)):
        seen = [j for j in range(logits.shape[1]) if mask[b, j]]
        cells = [(j, a, t) for j in seen for a in range(N) for t in range(T)]
        z = sum(logits[b, j, a, t].exp() for j, a, t in cells)
        units = sorted({j if unit == "token" else owner[j] for j in seen})
        p = {
            (i, t): sum(
                logits[b, j, a, s].exp() / z
                for j, a, s in cells
                if s == t and i == (j if unit == "token" else owner[j])
            )
            for i in units
            for t in range(T)
        }
        for i, t in p:
            p_i = sum(p[i, s] for s in range(T))
            p_t = sum(p[k, t] for k in units)
            total = total + p[i, t] * (p[i, t] / (p_i * p_t) + 1e-10).log()
    return -total if reduction == "sum" else -total / len(logits)


@pytest.mark.parametrize("unit", ["token", "modality"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("masked", [True, False])
def test_regulariser(agree: Agree, unit: Unit, reduction: Reduction, masked: bool) -> None:
    torch.manual_seed(0)
    logits = [torch.randn(B, L, N, T, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    mask = MASK if masked else torch.ones(B, L, dtype=torch.bool)
    expected = sum(_by_loops(one, mask, unit, reduction) for one in logits) / 2
    layers = [routing_probabilities(one, MASK if masked else None) for one in logits]
    found = routing_regulariser(layers, COUNTS, unit, reduction)
    assert isinstance(expected, Tensor)
    agree(found, expected, logits)


def test_a_task_for_each_modality_is_log_two() -> None:
    joint = torch.tensor([[[0.5, 0.0], [0.0, 0.5]]], dtype=torch.float64)
    assert float(mutual_information(joint)) == pytest.approx(math.log(2), abs=1e-9)


def test_independence_is_nothing() -> None:
    first = torch.tensor([0.2, 0.8], dtype=torch.float64)
    second = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64)
    assert float(mutual_information(first[None, :, None] * second)) == pytest.approx(0, abs=1e-9)


def test_by_hand() -> None:
    """P = [[3, 1], [1, 3]] / 8: I = 3/4 log(3/2) + 1/4 log(1/2)."""
    joint = torch.tensor([[[3.0, 1.0], [1.0, 3.0]]], dtype=torch.float64) / 8
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert float(mutual_information(joint)) == pytest.approx(expected, abs=1e-9)


def test_grouping_tokens_cannot_add_information() -> None:
    torch.manual_seed(0)
    p = routing_probabilities(torch.randn(B, L, N, T, dtype=torch.float64))
    tokens = mutual_information(joint_of_units(p, COUNTS, "token"))
    modalities = mutual_information(joint_of_units(p, COUNTS, "modality"))
    assert bool((modalities <= tokens).all())


def test_a_sample_without_tokens_adds_nothing() -> None:
    torch.manual_seed(0)
    logits = torch.randn(B, L, N, T, requires_grad=True)
    mask = torch.stack([torch.ones(L), torch.zeros(L)]).bool()
    both = routing_regulariser([routing_probabilities(logits, mask)], COUNTS)
    alone = routing_regulariser([routing_probabilities(logits[:1])], COUNTS)
    assert torch.allclose(both, alone, atol=1e-6)
    both.backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert not logits.grad[1].any()
