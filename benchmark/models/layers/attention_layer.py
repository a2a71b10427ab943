"""Attention to a source and a feed-forward block, normalised before or after each."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from benchmark.models.layers.attention import CrossAttention

Order = Literal["pre", "post"]


class AttentionLayer(nn.Module):
    """The transformer's encoder layer (Vaswani et al. 2017, section 3.1), to itself or to others.

    With attention A from x to a source s, and ``f(u) = W2 Drop(ReLU(W1 u))``:

    - ``post``, as printed there: ``h = LN1(x + Drop(A(x, s)))``, ``y = LN2(h + Drop(f(h)))``;
    - ``pre``: ``h = x + Drop(A(LN1(x), LN1(s)))``, ``y = h + Drop(f(LN2(h)))``.

    ``4 D^2 + 2 D F + 9 D + F`` parameters.

    Args:
        width: D.
        heads: Attention heads, a divisor of D.
        hidden: F, inner width of the feed-forward block.
        dropout: Probability of every dropout.
        order: Where the normalisations stand.
    """

    def __init__(
        self, width: int, heads: int, hidden: int, dropout: float, order: Order = "post"
    ) -> None:
        super().__init__()
        self.order = order
        self.attention = CrossAttention(width, heads, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, source: Tensor | None, keys: Tensor) -> Tensor:
        """Transform tokens.

        Args:
            tokens: x, (B, T, D).
            source: s, (B, S, D); None attends to the tokens themselves, S = T.
            keys: (B, S) bool, what may be attended to; a sample without any takes nothing in.

        Returns:
            (B, T, D).
        """
        if self.order == "pre":
            normed = self.attention_norm(tokens)
            other = normed if source is None else self.attention_norm(source)
            hidden: Tensor = tokens + self.dropout(self.attention(normed, other, keys))
            fed: Tensor = self.dropout(self.feed_forward(self.feed_forward_norm(hidden)))
            return hidden + fed
        other = tokens if source is None else source
        hidden = self.attention_norm(tokens + self.dropout(self.attention(tokens, other, keys)))
        result: Tensor = self.feed_forward_norm(hidden + self.dropout(self.feed_forward(hidden)))
        return result
