"""Comparison of a layer with plain loops written from its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]


@pytest.fixture
def agree() -> Agree:
    """Compare values, and the gradients of an uneven sum of them with respect to the leaves."""

    def compare(got: Tensor, expected: Tensor, leaves: Sequence[Tensor]) -> None:
        assert got.dtype == torch.float64
        assert torch.allclose(got, expected, rtol=0, atol=1e-10)
        uneven = torch.linspace(-1, 1, got.numel(), dtype=got.dtype).reshape(got.shape)
        pairs = zip(
            torch.autograd.grad((got * uneven).sum(), leaves),
            torch.autograd.grad((expected * uneven).sum(), leaves),
            strict=True,
        )
        assert all(torch.allclose(one, other, rtol=0, atol=1e-10) for one, other in pairs)

    return compare
