"""Transformer blocks whose feed-forward part is a soft mixture of experts."""

from __future__ import annotations

from torch import Tensor, nn

from benchmark.models.layers.attention import FusedSelfAttention
from benchmark.models.layers.soft_moe import SoftMoE


class MSoEBlock(nn.Module):
    r"""``h = x + Attn(LN1 x)``, ``y = h + SoftMoE(LN2 h)``.

    ``4 D^2 + 8 D`` parameters for attention and norms, ``n (2 D H + H + D) + D n p + 1`` for n
    experts of p slots.

    Args:
        width: D, of a token.
        experts: n.
        slots: p, per expert.
        heads: Attention heads, a divisor of D.
        hidden: H, inner width of an expert.
        normalize_slot_inputs: See :class:`benchmark.models.layers.soft_moe.SoftMoE`.
    """

    def __init__(
        self,
        width: int,
        experts: int,
        slots: int,
        heads: int,
        hidden: int,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = FusedSelfAttention(width, heads)
        self.moe_norm = nn.LayerNorm(width)
        self.moe = SoftMoE(width, experts, slots, hidden, normalize_slot_inputs)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform tokens.

        Args:
            tokens: (B, L, D).
            mask: (B, L) bool, tokens that take part; None is all. Nothing reads the others, and
                what comes out in their places must not be read either.

        Returns:
            (B, L, D).
        """
        hidden = tokens + self.attention(self.attention_norm(tokens), mask)
        transformed: Tensor = hidden + self.moe(self.moe_norm(hidden), mask)
        return transformed


class MSoEStack(nn.Module):
    """L blocks after one another.

    Args:
        depth: L.
        width: D, of a token.
        experts: n, per block.
        slots: p, per expert.
        heads: Attention heads, a divisor of D.
        hidden: H, inner width of an expert.
        normalize_slot_inputs: See :class:`benchmark.models.layers.soft_moe.SoftMoE`.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        experts: int,
        slots: int,
        heads: int,
        hidden: int,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            MSoEBlock(width, experts, slots, heads, hidden, normalize_slot_inputs)
            for _ in range(depth)
        )

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform tokens (B, L, D); see :class:`MSoEBlock`."""
        for block in self.blocks:
            tokens = block(tokens, mask)
        return tokens
