"""MoE++: the joint-token transformer with mixtures of feed-forward and light experts.

Paper: Jin et al., "MoE++: accelerating mixture-of-experts methods with zero-computation experts"
(ICLR 2025), section 3; the «MoE++» rows of Xin et al., "I2MoE" (ICML 2025), Appendix G. Code:
github.com/Raina-Xin/I2MoE, ``fusion_models/moepp.py`` and ``modules/moepp_layer.py``.

Stated: zero, copy and constant experts beside feed-forward ones, top-2 routing, router logits of a
layer added to those of the next; width, depth, heads, patches, number of experts.
Inferred from the code: two constant experts, SwiGLU experts of width 64 that start equal, a router
with one hidden layer, tokens doubled before the experts, no balance loss.
Mended: layers follow each other, and the experts' output is added to the attention's. In the
release every layer reads the first tokens and the experts' output is overwritten, so that all but
the last attention, the positions and the head stay as they were drawn (``moepp_bug: true``). The
first layer has no map of logits that do not exist; under ``moepp_bug`` it has one, which no
gradient reaches. Missing modalities are no keys of the attention, their pooled vector is zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel, common_width
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.attention import SelfAttention
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.moepp import MoEPP as MoEPPLayer
from benchmark.models.layers.tokens import pool_modalities, token_flags
from benchmark.models.moepp.config import MoEPPConfig


class MoEPP(FusionModel):
    """``h = x + Drop(Attn(LN1 x))``, ``y = h + MoE(LN2 h)`` L times, mean over P, linear head.

    Parameters without encoders, for one task of C logits:
    ``L (4 D^2 + 5 D + 8 E D + 9 E^2 + (E - 4) 192 D + 6 D) - E^2 + M P D + M D C + C``; the
    released model has the first layer's E^2 too.

    Args:
        problem: One dataset.
        encoders: Token encoders, all of width D.
        config: Depth, heads, experts.

    Raises:
        UsageError: Encoders of different widths, or heads that do not divide the width.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: MoEPPConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.bug = config.moepp_bug
        self.counts = [encoders[name].tokens for name in self.names]  # P of each modality
        width = common_width("moepp", encoders)
        self.positions = nn.Parameter(torch.zeros(1, sum(self.counts), width))
        self.layers = nn.ModuleList(
            Layer(width, config, residual=index > 0 or config.moepp_bug)
            for index in range(config.layers)
        )
        self.heads = TaskHeads(len(self.names) * width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, P_m, D) tokens; the latent is (N, M D)."""
        tokens = torch.cat(list(codes), dim=1) + self.positions
        keys = token_flags(observed, self.counts)
        if self.bug:
            tokens = cast("Layer", self.layers[-1]).attend_twice(tokens, keys)
        else:
            logits = None
            for layer in self.layers:
                tokens, logits = layer(tokens, keys, logits)
        pooled = pool_modalities(tokens, self.counts, observed)
        return Fused(self.heads(pooled), pooled)


class Layer(nn.Module):
    """Attention and a mixture of experts, each after a normalisation and with a skip.

    Args:
        width: D.
        config: Heads, experts, dropout.
        residual: Whether the router reads the logits of the layer before.
    """

    def __init__(self, width: int, config: MoEPPConfig, residual: bool) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, config.heads, config.dropout)
        self.mixture_norm = nn.LayerNorm(width)
        self.mixture = MoEPPLayer(width, config.experts, residual)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor, keys: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """Transform tokens (N, T, D); also return the router's logits (N, T, E)."""
        attended = self.attention(self.attention_norm(tokens), keys)
        hidden = tokens + self.dropout(attended)
        mixed, logits = self.mixture(self.mixture_norm(hidden), before)
        return hidden + mixed, logits

    def attend_twice(self, tokens: Tensor, keys: Tensor) -> Tensor:
        """Transform tokens as the release does: ``x + Drop(a) + Drop'(a)``, no experts."""
        attended = self.attention(self.attention_norm(tokens), keys)
        hidden: Tensor = tokens + self.dropout(attended) + self.dropout(attended)
        return hidden
