"""Cross-modal transformer: one sequence's tokens take in another's, block by block."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from benchmark.models.layers.attention import CrossAttention

Skip = Literal["normed", "plain"]


class CrossmodalBlock(nn.Module):
    """Attention from target to source and a feed-forward block of inner width 4D.

    With ``n = LN1(z)`` of the target, ``a = Drop(CrossAttention(n, LN1(s)))`` and W2, W1 of the
    feed-forward block (Tsai et al. 2019, section 3.2):

    - ``normed``, as printed: ``h = a + n``, ``y = f(LN2(h)) + LN2(h)``;
    - ``plain``, as released, the usual pre-norm skips: ``h = a + z``, ``y = f(LN2(h)) + h``,

    where ``f(u) = Drop(W2 Drop(ReLU(W1 u)))``. ``12 D^2 + 13 D`` parameters.

    Args:
        width: D.
        heads: Attention heads.
        dropout: Probability of every dropout.
        skip: What is added to the output of attention and feed-forward block.
    """

    def __init__(self, width: int, heads: int, dropout: float, skip: Skip) -> None:
        super().__init__()
        self.skip = skip
        self.attention_norm = nn.LayerNorm(width)
        self.attention = CrossAttention(width, heads, dropout)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, target: Tensor, source: Tensor, keys: Tensor) -> Tensor:
        """Transform the target's tokens.

        Args:
            target: z, (B, T, D).
            source: s, (B, S, D).
            keys: (B, S) bool, source tokens that may be attended to; where a sample has none,
                nothing is taken in and the target goes on alone.

        Returns:
            (B, T, D).
        """
        normed = self.attention_norm(target)
        attended = self.dropout(self.attention(normed, self.attention_norm(source), keys))
        hidden = attended + (normed if self.skip == "normed" else target)
        normed = self.feed_forward_norm(hidden)
        fed: Tensor = self.feed_forward(normed) + (normed if self.skip == "normed" else hidden)
        return fed


class CrossmodalEncoder(nn.Module):
    """Positions, blocks and a last normalisation: ``L (12 D^2 + 13 D) + 2 D`` parameters.

    Every block attends to the source's tokens as they came in (with positions), not as another
    encoder left them: the low-level features of Tsai et al. (2019). Without a source it is a
    self-attention encoder, whose blocks attend to the sequence they transform.

    Args:
        width: D.
        layers: L.
        heads: Attention heads.
        dropout: Probability of the blocks' dropouts.
        embed_dropout: Probability of the dropout on tokens with positions.
        skip: See :class:`CrossmodalBlock`.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        embed_dropout: float,
        skip: Skip,
    ) -> None:
        super().__init__()
        self.embed_dropout = nn.Dropout(embed_dropout)
        self.blocks = nn.ModuleList(
            CrossmodalBlock(width, heads, dropout, skip) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, target: Tensor, source: Tensor | None, keys: Tensor) -> Tensor:
        """Encode the target's tokens.

        Args:
            target: (B, T, D).
            source: (B, S, D); None attends to the target itself.
            keys: (B, S) bool, tokens that may be attended to (S = T without a source).

        Returns:
            (B, T, D).
        """
        tokens = self._embed(target)
        low_level = None if source is None else self._embed(source)
        for block in self.blocks:
            tokens = block(tokens, tokens if low_level is None else low_level, keys)
        encoded: Tensor = self.norm(tokens)
        return encoded

    def _embed(self, tokens: Tensor) -> Tensor:
        embedded: Tensor = self.embed_dropout(tokens + sinusoids(tokens.shape[1:], tokens))
        return embedded


def sinusoids(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return position codes (Vaswani et al. 2017, section 3.5).

    ``sin(t / 10000^(2i/D))`` at column 2i, the cosine of the same at column 2i + 1.

    Args:
        shape: (T, D).
        like: Gives type and device.

    Returns:
        (T, D), of single precision at least: bfloat16 cannot count beyond 256.
    """
    length, width = shape
    exact = torch.promote_types(like.dtype, torch.float32)
    exponents = torch.arange(0, width, 2, device=like.device, dtype=exact) / width
    steps = torch.arange(length, device=like.device, dtype=exact)
    angles = steps[:, None] * torch.exp(-math.log(10000.0) * exponents)  # (T, ceil(D / 2))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]
