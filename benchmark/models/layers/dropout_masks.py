"""Dropout as a factor drawn cheaply, several dropouts in a row as one factor.

A Bernoulli draw per element is the most expensive part of a small transformer's step on a CPU. With
probability one half the factor is 0 or 2, and 2 is a single bit in every floating-point format: its
exponent's highest. So a word of random bits, shifted by 0, 1, 2, ... and masked, gives as many
factors as it has bits up to that one, thirty (fp32) to fifty (bf16) times faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Literal

import torch
from torch import Tensor

#: ``once``: m; ``twice``: m m', two dropouts in a row; ``doubled``: m (1 + m'), a value that was
#: dropped out plus itself dropped out again. Factors m are 1 / (1 - p) or 0.
Kind = Literal["once", "twice", "doubled"]

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def dropout_mask(shape: Sequence[int], p: float, like: Tensor, kind: Kind = "once") -> Tensor:
    """Draw factors of independent elements from torch's generator.

    Args:
        shape: Of the result.
        p: Probability of dropping, in [0, 1).
        like: Says dtype and device.
        kind: How many dropouts one factor stands for.

    Returns:
        ``shape``, mean 1, or mean 2 if ``doubled``.
    """
    if p == 0.5 and like.device.type == "cpu":
        if kind == "once":
            return _from_bits(shape, like.dtype)
        if kind == "twice":
            return _from_bits(shape, like.dtype, draws=2).mul_(2)
        first, second = _from_bits(shape, like.dtype), _from_bits(shape, like.dtype)
        return torch.addcmul(first, first, second)
    first = _bernoulli(shape, p, like)
    if kind == "once":
        return first
    second = _bernoulli(shape, p, like)
    return first * second if kind == "twice" else torch.addcmul(first, first, second)


def _bernoulli(shape: Sequence[int], p: float, like: Tensor) -> Tensor:
    return torch.empty(*shape, dtype=like.dtype, device=like.device).bernoulli_(1 - p).div_(1 - p)


def _from_bits(shape: Sequence[int], dtype: torch.dtype, draws: int = 1) -> Tensor:
    """Return 2 where all of ``draws`` random bits are set, else 0."""
    two, shifts = _shifts(dtype)
    count = prod(shape)
    words = _words(-(-count // len(shifts)), two.dtype)
    for _ in range(draws - 1):
        words &= _words(len(words), two.dtype)
    factors = (words << shifts).bitwise_and_(two)
    return factors.view(dtype).view(-1)[:count].view(*shape)


def _words(count: int, dtype: torch.dtype) -> Tensor:
    """Draw ``count`` integers of which every bit is a fair coin."""
    longs = torch.empty(-(-count * dtype.itemsize // 8), dtype=torch.int64)
    return longs.random_(-(2**63), None).view(dtype)[:count]


@cache
def _shifts(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the number 2 as an integer 2^n of equal width, and (n + 1, 1) shifts 0 .. n."""
    two = torch.tensor(2.0, dtype=dtype).view(_INTEGERS[dtype.itemsize])
    shifts = torch.arange(int(two).bit_length(), dtype=two.dtype)
    return two, shifts[:, None]
