"""Low-rank weight tensor applied to the outer product of several vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class LowRankProduct(nn.Module):
    r"""``z = sum_r w_r prod_m ([1; x_m] F_m^r) + b`` (Liu et al. 2018, section 3.2).

    That is a linear map of the outer product of all ``[1; x_m]`` whose weight tensor has rank R,
    computed without ever forming the product. ``R H sum_m (D_m + 1) + R + H`` numbers.

    Rank weights are drawn from Xavier's normal distribution, deviation ``sqrt(2 / (R + 1))``, and
    the bias is zero. Factors at first, by ``init``:

    - ``unit``: 1 in the row of the constant 1, deviation ``1 / sqrt(M D_m)`` elsewhere. For inputs
      of unit variance every ``[1; x_m] F_m^r`` is 1 plus noise of variance 1/M, so a product of any
      number M of modalities has mean 1 and variance below ``e - 1``.
    - ``xavier``: as torch reads these shapes, deviation ``sqrt(2 / (H (D_m + 1 + R)))``.

    Args:
        widths: D_m of every vector.
        rank: R.
        width: H.
        trainable: Whether factors, weights and bias are learned; else they stay as drawn.
        init: How factors are drawn.
    """

    def __init__(
        self,
        widths: Sequence[int],
        rank: int,
        width: int,
        trainable: bool = True,
        init: Literal["unit", "xavier"] = "unit",
    ) -> None:
        super().__init__()
        factors = [torch.empty(rank, one + 1, width) for one in widths]
        weights = nn.init.xavier_normal_(torch.empty(1, rank))
        for factor in factors:
            if init == "xavier":
                nn.init.xavier_normal_(factor)
            else:
                nn.init.normal_(factor, std=(len(factors) * (factor.shape[1] - 1)) ** -0.5)
                factor[:, 0] = 1.0
        self.factors = nn.ParameterList(nn.Parameter(one, trainable) for one in factors)
        self.weights = nn.Parameter(weights, trainable)
        self.bias = nn.Parameter(torch.zeros(width), trainable)

    def forward(self, vectors: Sequence[Tensor]) -> Tensor:
        """Multiply one (B, D_m) per modality into (B, H); zeros leave the lower-order terms."""
        product = self.weights[0, :, None]  # (R, 1), then (B, R, H)
        for x, factor in zip(vectors, self.factors, strict=True):
            product = product * (factor[:, 0] + torch.einsum("bd,rdh->brh", x, factor[:, 1:]))
        return product.sum(dim=1) + self.bias
