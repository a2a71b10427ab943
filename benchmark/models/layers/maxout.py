"""Maxout units."""

from __future__ import annotations

from torch import Tensor, nn


class Maxout(nn.Module):
    """``y_j = max_k (W x + b)_{jk}`` (Goodfellow et al., "Maxout networks", ICML 2013, section 3).

    Parameters: ``(m + 1) n k``.

    Args:
        width: m, length of the input.
        units: n, length of the output.
        pieces: k, linear pieces per unit.
    """

    def __init__(self, width: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = nn.Linear(width, units * pieces)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, m) to (B, n)."""
        pieces: Tensor = self.linear(features).unflatten(-1, (self.units, self.pieces))
        return pieces.amax(dim=-1)
