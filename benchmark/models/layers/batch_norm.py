"""Batch normalisation that accepts a batch of one."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class VectorBatchNorm(nn.BatchNorm1d):
    """``BatchNorm1d`` over vectors; a training batch of one sample takes the running statistics.

    One sample has no variance, so torch refuses it; an epoch may well end in such a batch.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's name
        """Normalise (B, F)."""
        if not self.training or len(input) > 1:
            normed: Tensor = super().forward(input)
            return normed
        return functional.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
