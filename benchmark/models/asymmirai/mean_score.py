"""Standardised mean of the scores of pairs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MeanScore(nn.Module):
    """``(mean_p s_p - mu) / sigma`` over the pairs a sample has, with both constants learned.

    Args:
        mu: First value of mu.
        sigma: First value of sigma.
    """

    def __init__(self, mu: float, sigma: float) -> None:
        super().__init__()
        self.mu = nn.Parameter(torch.tensor(mu))
        self.sigma = nn.Parameter(torch.tensor(sigma))

    def forward(self, scores: Tensor, complete: Tensor) -> Tensor:
        """Map scores (B, K), of which ``complete`` (B, K) count, to (B, 1); 0 where none does."""
        weights = complete.to(scores.dtype)
        mean = (scores * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        standard = (mean - self.mu) / self.sigma
        return torch.where(complete.any(dim=1), standard, torch.zeros_like(standard))[:, None]
