"""Lower bound of mutual information by telling true pairs from others (InfoNCE)."""

from __future__ import annotations

import math

from torch import Tensor, nn


class InfoNCE(nn.Module):
    """Critic ``f(x, y) = <A x, C y> / sqrt(K)`` (van den Oord et al. 2018); ``2 D K`` parameters.

    Args:
        width: D of x and of y.
        hidden: K.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.left = nn.Linear(width, hidden, bias=False)
        self.right = nn.Linear(width, hidden, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``f(x_i, y_j)`` of all pairs, (B, B), from x (B, D) and y (B, D)."""
        left = self.left(x)
        scores: Tensor = left @ self.right(y).T / math.sqrt(left.shape[1])
        return scores


def info_nce_bound(scores: Tensor) -> Tensor:
    """Return ``log B + mean_i log softmax_j(f(x_i, y_j))_i`` in nats, at most log B.

    Args:
        scores: f, (B, B).
    """
    return math.log(scores.shape[0]) + scores.log_softmax(dim=1).diagonal().mean()
