"""Dropout factors: values, shares, independence, and what two in a row amount to."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import Tensor

from benchmark.models.layers.dropout_masks import dropout_mask

Kind = Literal["once", "twice", "doubled"]
COUNT = 40_000


def _draw(p: float, kind: Kind, shape: tuple[int, ...] = (COUNT,)) -> Tensor:
    torch.manual_seed(0)
    return dropout_mask(shape, p, torch.zeros(()), kind)


@pytest.mark.parametrize("p", [0.5, 0.2])
@pytest.mark.parametrize("kind", ["once", "twice", "doubled"])
def test_values_and_shares_are_those_of_dropouts_in_a_row(p: float, kind: Kind) -> None:
    keep, factor = 1 - p, 1 / (1 - p)
    shares = {
        "once": {0.0: p, factor: keep},
        "twice": {0.0: 1 - keep**2, factor**2: keep**2},
        "doubled": {0.0: p, factor: keep * p, factor * (1 + factor): keep**2},
    }[kind]
    drawn = _draw(p, kind)
    for value, share in shares.items():
        found = float((drawn - value).abs().lt(1e-5).float().mean())
        assert found == pytest.approx(share, abs=4 * (share * (1 - share) / COUNT) ** 0.5)
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["once", "twice", "doubled"])
def test_elements_are_independent(kind: Kind) -> None:
    """Neighbours at every distance within a table's row and beyond it do not correlate."""
    drawn = _draw(0.5, kind)
    centred = (drawn - drawn.mean()) / drawn.std()
    for lag in (1, 2, 3, 4, 7, 8, 16, 64):
        correlation = float((centred[:-lag] * centred[lag:]).mean())
        assert abs(correlation) < 4 / COUNT**0.5, lag


@pytest.mark.parametrize("shape", [(1,), (3, 5), (2, 3, 7), (0, 4)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_any_shape_and_dtype(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    drawn = dropout_mask(shape, 0.5, torch.zeros((), dtype=dtype))
    assert drawn.shape == shape
    assert drawn.dtype == dtype
    assert set(drawn.flatten().tolist()) <= {0.0, 2.0}


def test_the_generators_seed_decides() -> None:
    assert torch.equal(_draw(0.5, "once"), _draw(0.5, "once"))
    torch.manual_seed(1)
    assert not torch.equal(_draw(0.5, "once"), dropout_mask((COUNT,), 0.5, torch.zeros(())))
