"""Several perceptrons of one shape, computed as batched matrix products."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Experts(nn.Module):
    r"""n perceptrons ``f_a(u) = W2_a GELU(W1_a u + b1_a) + b2_a``, without a loop over them.

    ``n (2 D H + H + D)`` parameters. Every weight is drawn as torch draws that of a linear layer,
    uniformly within ``1 / sqrt(inputs)``.

    Args:
        count: n.
        width: D, of inputs and outputs.
        hidden: H.
    """

    def __init__(self, count: int, width: int, hidden: int) -> None:
        super().__init__()
        self.count = count
        self.inner = nn.Parameter(_uniform(width, count, width, hidden))
        self.inner_bias = nn.Parameter(_uniform(width, count, 1, hidden))
        self.outer = nn.Parameter(_uniform(hidden, count, hidden, width))
        self.outer_bias = nn.Parameter(_uniform(hidden, count, 1, width))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (n, K, D), K of each expert, to (n, K, D)."""
        hidden = functional.gelu(torch.baddbmm(self.inner_bias, inputs, self.inner))
        return torch.baddbmm(self.outer_bias, hidden, self.outer)

    def slots(self, inputs: Tensor) -> Tensor:
        """Map inputs (B, n, p, D), p of each expert and sample, to the same shape."""
        batch, _, slots, width = inputs.shape
        rows = inputs.transpose(0, 1).reshape(self.count, batch * slots, width)
        outputs: Tensor = self(rows)
        return outputs.reshape(self.count, batch, slots, width).transpose(0, 1)


def _uniform(inputs: int, *shape: int) -> Tensor:
    bound = 1 / math.sqrt(inputs)
    return torch.empty(shape).uniform_(-bound, bound)
