"""LF: every number of every modality's tokens is a token of one long sequence.

Paper: the «LF» rows of Xin et al., "I2MoE" (ICML 2025), Table 1, after MultiBench (Liang et al.,
NeurIPS 2021), ``LateFusionTransformer``. Code: github.com/Raina-Xin/I2MoE,
``fusion_models/late_fusion.py``.

Stated: modalities are encoded by themselves and joined afterwards.
Inferred from the code: the joined tokens flattened to a sequence of M P D numbers, each mapped to
64 M channels without bias, two layers of torch's transformer with normalisation after each block,
no positions, the last output scored.
Mended: dropout acts in every epoch; in the release it is off from the second on
(``fusion_train_mode_bug: true``). Numbers of a missing modality are zero and no keys of the
attention, unless nothing is observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.encoders._base import Encoder
from benchmark.models.late_fusion_transformer.config import LateFusionTransformerConfig
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.post_norm import PostNormTransformer
from benchmark.models.layers.tokens import token_flags


class LateFusionTransformer(FusionModel):
    """Numbers [B, M P D, 1] -> Linear(1, 64 M) -> transformer -> last token -> linear head.

    Args:
        problem: One dataset.
        encoders: Token encoders, of any widths and numbers of tokens.
        config: The transformer.

    Raises:
        UsageError: Heads that do not divide the width.
    """

    def __init__(
        self,
        problem: Problem,
        encoders: Mapping[str, Encoder],
        config: LateFusionTransformerConfig,
    ) -> None:
        super().__init__(problem, encoders)
        self.sizes = [encoders[name].tokens * encoders[name].width for name in self.names]
        width = config.channels * len(self.names)
        self.project = nn.Linear(1, width, bias=False)
        self.transformer = PostNormTransformer(
            width, config.layers, config.heads, config.hidden, config.dropout
        )
        self.bug = config.fusion_train_mode_bug
        self.heads = TaskHeads(width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, P_m, D_m) tokens; the latent is the last number's token, (N, d)."""
        numbers = torch.cat([code.flatten(1) for code in codes], dim=1)[..., None]
        keys = token_flags(observed | ~observed.any(dim=1, keepdim=True), self.sizes)
        latent = self.transformer(self.project(numbers), keys)[:, -1]
        return Fused(self.heads(latent), latent)

    def start_epoch(self, epoch: int) -> None:
        """Switch dropout off after the first epoch where the release's behaviour is wanted."""
        self.transformer.silent = self.bug and epoch > 1
