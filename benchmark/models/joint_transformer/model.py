"""Joint-token transformer: plain self-attention over the tokens of all modalities.

Paper: the «MulT» rows of Xin et al., "I2MoE: Interpretable Multimodal Interaction-aware Mixture of
Experts" (ICML 2025). Code: github.com/Raina-Xin/I2MoE, ``fusion_models/transformer.py``. It is not
the cross-modal transformer of Tsai et al. (2019) whose name that row carries.

Stated: width, depth, heads, patches and parameter counts (Appendix G, Table 6).
Inferred from the code: the order of the blocks, the position table (zeros at first), dropout on
attention weights, attention output, feed-forward and both skips, one linear head.
Mended: the skip around attention starts at the layer's input (``attention_skip: residual``); the
released layer doubles the attention output instead (``doubled``). A missing modality's tokens are
no keys of the attention and its pooled vector is zero; the release feeds sentinel values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel, common_width
from benchmark.models.encoders._base import Encoder
from benchmark.models.joint_transformer.config import JointTransformerConfig
from benchmark.models.joint_transformer.stacked import fuse_stacked
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.tokens import pool_modalities, token_flags
from benchmark.models.layers.transformer import TransformerLayer


class JointTransformer(FusionModel):
    """Tokens [B, MP, D] + positions -> L layers -> mean over each modality's P -> linear head.

    Parameters without encoders, for one task of C logits:
    ``L (8 D^2 + 8 D) + M P D + M D C + C``.

    Args:
        problem: One dataset.
        encoders: Token encoders, all of width D.
        config: Depth, heads, dropout, skip.

    Raises:
        UsageError: Encoders of different widths, or heads that do not divide the width.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: JointTransformerConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.counts = [encoders[name].tokens for name in self.names]  # P of each modality
        width = common_width("joint_transformer", encoders)
        self.positions = nn.Parameter(torch.zeros(1, sum(self.counts), width))
        self.layers = nn.ModuleList(
            TransformerLayer(width, config.heads, config.dropout, config.attention_skip)
            for _ in range(config.layers)
        )
        self.heads = TaskHeads(len(self.names) * width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, P_m, D) tokens; the latent is (N, M D)."""
        tokens = torch.cat(list(codes), dim=1) + self.positions
        keys = token_flags(observed, self.counts)
        for layer in self.layers:
            tokens = layer(tokens, keys)
        pooled = pool_modalities(tokens, self.counts, observed)
        return Fused(self.heads(pooled), pooled)

    @classmethod
    def fuse_experts(
        cls,
        experts: Sequence[Self],
        codes: Sequence[Tensor],
        observed: Tensor,
        replaced: Mapping[int, Tensor],
    ) -> Fused:
        """Fuse by several experts; equal to one by one but for rounding and random streams."""
        return fuse_stacked(experts, codes, observed, replaced)
