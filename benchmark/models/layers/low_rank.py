"""Low-rank weight tensor applied to the outer product of several vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LowRankProduct(nn.Module):
    r"""``z = sum_r w_r prod_m ([1; x_m] F_m^r) + b`` (Liu et al. 2018, section 3.2).

    That is a linear map of the outer product of all ``[1; x_m]`` whose weight tensor has rank R,
    computed without ever forming the product. ``R H sum_m (D_m + 1) + R + H`` numbers.

    Factors and rank weights are drawn from Xavier's normal distribution as torch reads these
    shapes: deviation ``sqrt(2 / (H (D_m + 1 + R)))`` for factors, ``sqrt(2 / (R + 1))`` for rank
    weights; the bias is zero.

    Args:
        widths: D_m of every vector.
        rank: R.
        width: H.
        trainable: Whether factors, weights and bias are learned; else they stay as drawn.
    """

    def __init__(self, widths: Sequence[int], rank: int, width: int, trainable: bool) -> None:
        super().__init__()
        factors = [torch.empty(rank, one + 1, width) for one in widths]
        weights = torch.empty(1, rank)
        for drawn in (*factors, weights):
            nn.init.xavier_normal_(drawn)
        self.factors = nn.ParameterList(nn.Parameter(one, trainable) for one in factors)
        self.weights = nn.Parameter(weights, trainable)
        self.bias = nn.Parameter(torch.zeros(width), trainable)

    def forward(self, vectors: Sequence[Tensor]) -> Tensor:
        """Multiply one (B, D_m) per modality into (B, H); zeros leave the lower-order terms."""
        product = self.weights[0, :, None]  # (R, 1), then (B, R, H)
        for x, factor in zip(vectors, self.factors, strict=True):
            product = product * (factor[:, 0] + torch.einsum("bd,rdh->brh", x, factor[:, 1:]))
        return product.sum(dim=1) + self.bias
