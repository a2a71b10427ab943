"""Transformer layer with normalisation before each block."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from benchmark.models.layers.attention import SelfAttention

Skip = Literal["residual", "doubled"]


class TransformerLayer(nn.Module):
    """Self-attention and a feed-forward block of inner width 2D, ``8 D^2 + 8 D`` parameters.

    With ``a = Attn(LN1(x))``:

    - ``residual``: ``h = x + Drop(a)``, the pre-norm layer of Xiong et al. (2020);
    - ``doubled``: ``h = a + Drop(a)``, which forgets the layer's input (a defect of a release).

    Then ``y = h + Drop(W2 Drop(GELU(W1 LN2(h))))``.

    Args:
        width: D.
        heads: Attention heads.
        dropout: Probability of every dropout.
        skip: What is added to the attention output.
    """

    def __init__(self, width: int, heads: int, dropout: float, skip: Skip) -> None:
        super().__init__()
        self.skip = skip
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, dropout)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, keys: Tensor) -> Tensor:
        """Transform tokens (B, T, D); ``keys`` (B, T) bool may be attended to."""
        attended = self.attention(self.attention_norm(tokens), keys)
        skipped = tokens if self.skip == "residual" else attended
        hidden: Tensor = skipped + self.dropout(attended)
        fed: Tensor = self.dropout(self.feed_forward(self.feed_forward_norm(hidden)))
        return hidden + fed
