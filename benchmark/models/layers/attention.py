"""Multi-head self-attention over tokens of which some are missing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.core.errors import UsageError


class SelfAttention(nn.Module):
    r"""Scaled dot-product attention (Vaswani et al. 2017, section 3.2) with a key mask.

    Per head of width d = D/h: ``softmax(Q K^T / sqrt(d)) V``; heads are concatenated and mapped by
    a linear layer. Queries, keys and values have no bias, the output map has one:
    ``4 D^2 + D`` parameters. Dropout acts on the weights and on the output.

    Args:
        width: D.
        heads: h, a divisor of D.
        dropout: Probability of both dropouts.

    Raises:
        UsageError: h does not divide D.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise UsageError(
                f"{heads} heads do not divide a width of {width}",
                "choose heads or the encoders' width so that they fit",
            )
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.output = nn.Linear(width, width)
        self.weight_dropout = nn.Dropout(dropout)
        self.output_dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, keys: Tensor) -> Tensor:
        """Attend; a sample without any key attends evenly to all tokens, so nothing is NaN.

        Args:
            tokens: (B, T, D).
            keys: (B, T) bool, tokens that may be attended to.

        Returns:
            (B, T, D).
        """
        query = self._split(self.query(tokens))  # (B, h, T, d)
        key, value = (self._split(part) for part in self.key_value(tokens).chunk(2, dim=-1))
        scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5  # (B, h, T, T)
        # The lowest finite number, not -inf: a row of -inf alone would become NaN.
        scores = scores.masked_fill(~keys[:, None, None, :], torch.finfo(scores.dtype).min)
        mixed = self.weight_dropout(scores.softmax(dim=-1)) @ value
        joined: Tensor = self.output_dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        return joined

    def _split(self, tokens: Tensor) -> Tensor:
        batch, length, width = tokens.shape
        return tokens.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)
