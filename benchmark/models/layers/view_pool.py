"""Reduce a set of vectors, some missing, to one."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from benchmark.models.layers.tokens import masked_mean

Pool = Literal["max", "mean", "softmax"]


class ViewPool(nn.Module):
    """Maximum, mean, or ``sum_v softmax_v(w x_v) x_v`` over the vectors a sample has.

    Args:
        width: D.
        pool: Which of them.
    """

    def __init__(self, width: int, pool: Pool) -> None:
        super().__init__()
        self.pool = pool
        # No bias: a softmax does not see what all scores have in common.
        self.score = nn.Linear(width, 1, bias=False) if pool == "softmax" else None

    def forward(self, vectors: Tensor, keys: Tensor) -> Tensor:
        """Reduce vectors (B, N, D), of which ``keys`` (B, N) are there, to (B, D); zeros for none.

        The maximum is taken dimension by dimension.
        """
        if self.pool == "mean":
            return masked_mean(vectors, keys)
        lowest = torch.finfo(vectors.dtype).min
        gone = ~keys[:, :, None]
        if self.score is None:
            pooled = vectors.masked_fill(gone, lowest).amax(dim=1)
        else:
            weights = self.score(vectors).masked_fill(gone, lowest).softmax(dim=1)
            pooled = (weights * torch.where(gone, torch.zeros_like(vectors), vectors)).sum(dim=1)
        return torch.where(keys.any(dim=1, keepdim=True), pooled, torch.zeros_like(pooled))
