"""Attention of tokens to themselves, then to others, then a feed-forward block."""

from __future__ import annotations

from torch import Tensor, nn

from benchmark.models.layers.attention import CrossAttention
from benchmark.models.layers.attention_layer import AttentionLayer, Order


class SelfCrossLayer(nn.Module):
    """The transformer's decoder layer (Vaswani et al. 2017, section 3.1) without a causal mask.

    ``8 D^2 + 2 D F + 15 D + F`` parameters.

    Args:
        width: D.
        heads: Attention heads, a divisor of D.
        hidden: F, inner width of the feed-forward block.
        dropout: Probability of every dropout.
        order: Whether normalisations stand before or after each part, as in ``AttentionLayer``.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float, order: Order) -> None:
        super().__init__()
        self.order = order
        self.attention = CrossAttention(width, heads, dropout)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.cross = AttentionLayer(width, heads, hidden, dropout, order)

    def forward(self, tokens: Tensor, source: Tensor, own: Tensor, keys: Tensor) -> Tensor:
        """Transform tokens.

        Args:
            tokens: (B, T, D).
            source: (B, S, D).
            own: (B, T) bool, tokens that may be attended to.
            keys: (B, S) bool, source tokens that may be attended to.

        Returns:
            (B, T, D).
        """
        if self.order == "pre":
            normed = self.norm(tokens)
            hidden = tokens + self.dropout(self.attention(normed, normed, own))
        else:
            hidden = self.norm(tokens + self.dropout(self.attention(tokens, tokens, own)))
        crossed: Tensor = self.cross(hidden, source, keys)
        return crossed
