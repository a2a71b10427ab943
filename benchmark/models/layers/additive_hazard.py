"""Risks over several horizons that can only grow with the horizon."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AdditiveHazard(nn.Module):
    """``logit_k = b(h) + sum_{j <= k} ReLU(w_j h + c_j)``, k = 1..K (Mirai's risk head).

    The chance of cancer within k years holds that within k - 1, so its logit may not be smaller.
    ``(K + 1) (D + 1)`` parameters.

    Args:
        width: D.
        horizons: K.
    """

    def __init__(self, width: int, horizons: int) -> None:
        super().__init__()
        self.base = nn.Linear(width, 1)
        self.hazards = nn.Linear(width, horizons)

    def forward(self, features: Tensor) -> Tensor:
        """Map features h (B, D) to logits (B, K), which grow with k."""
        logits: Tensor = self.base(features) + torch.relu(self.hazards(features)).cumsum(dim=1)
        return logits
