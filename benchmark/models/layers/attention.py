"""Multi-head attention over tokens of which some are missing: to themselves or to others."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        _check_heads(width, heads)
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
        key, value = self.key_value(tokens).chunk(2, dim=-1)
        mixed = _attend(self.query(tokens), key, value, keys, self.heads, self.weight_dropout)
        joined: Tensor = self.output_dropout(self.output(mixed))
        return joined


class CrossAttention(nn.Module):
    r"""Attention of one sequence's tokens to those of another (Tsai et al. 2019, section 3.1).

    Queries come from the target, keys and values from the source; per head of width d = D/h:
    ``softmax(Q K^T / sqrt(d)) V``. All four linear maps have biases, ``4 D^2 + 4 D`` parameters.
    Dropout acts on the weights. With the target as source it is self-attention.

    Args:
        width: D.
        heads: h, a divisor of D.
        dropout: Probability that a weight is dropped.

    Raises:
        UsageError: h does not divide D.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        _check_heads(width, heads)
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)
        self.weight_dropout = nn.Dropout(dropout)

    def forward(self, target: Tensor, source: Tensor, keys: Tensor) -> Tensor:
        """Attend; a sample without any key gets zeros.

        Args:
            target: (B, T, D).
            source: (B, S, D).
            keys: (B, S) bool, source tokens that may be attended to.

        Returns:
            (B, T, D).
        """
        key, value = self.key_value(source).chunk(2, dim=-1)
        mixed = _attend(self.query(target), key, value, keys, self.heads, self.weight_dropout)
        attended: Tensor = self.output(mixed)
        return torch.where(keys.any(dim=1)[:, None, None], attended, torch.zeros_like(attended))


class FusedSelfAttention(nn.Module):
    r"""Self-attention computed by torch's fused kernel, which keeps no (T, T) weights in memory.

    Per head of width d = D/h: ``softmax(Q K^T / sqrt(d)) V``. All four linear maps have biases,
    ``4 D^2 + 4 D`` parameters, as in a vision transformer. There is no dropout.

    Args:
        width: D.
        heads: h, a divisor of D.

    Raises:
        UsageError: h does not divide D.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        _check_heads(width, heads)
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens: Tensor, keys: Tensor | None = None) -> Tensor:
        """Attend; a sample without any key attends to all tokens, so nothing is NaN.

        Args:
            tokens: (B, T, D).
            keys: (B, T) bool, tokens that may be attended to; None is all, and faster.

        Returns:
            (B, T, D).
        """
        parts = self.query_key_value(tokens).chunk(3, dim=-1)
        query, key, value = (_split(part, self.heads) for part in parts)
        mask = None
        if keys is not None:
            mask = (keys | ~keys.any(dim=1, keepdim=True))[:, None, None]  # (B, 1, 1, T)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return attended


def _attend(
    query: Tensor, key: Tensor, value: Tensor, keys: Tensor, heads: int, dropout: nn.Module
) -> Tensor:
    """Attend head by head from (B, T, D) to (B, S, D); an even mean where there is no key."""
    query, key, value = (_split(part, heads) for part in (query, key, value))  # (B, h, T | S, d)
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5  # (B, h, T, S)
    # The lowest finite number, not -inf: a row of -inf alone would become NaN.
    scores = scores.masked_fill(~keys[:, None, None, :], torch.finfo(scores.dtype).min)
    mixed: Tensor = dropout(scores.softmax(dim=-1)) @ value
    return mixed.transpose(1, 2).flatten(2)


def _split(tokens: Tensor, heads: int) -> Tensor:
    batch, length, width = tokens.shape
    return tokens.reshape(batch, length, heads, width // heads).transpose(1, 2)


def _check_heads(width: int, heads: int) -> None:
    if width % heads:
        raise UsageError(
            f"{heads} heads do not divide a width of {width}",
            "choose heads or the encoders' width so that they fit",
        )
