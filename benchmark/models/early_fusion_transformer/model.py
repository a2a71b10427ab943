"""EF: the modalities' patches joined feature by feature, read by a narrow transformer.

Paper: the «EF» rows of Xin et al., "I2MoE" (ICML 2025), Table 1, after MultiBench (Liang et al.,
NeurIPS 2021), ``EarlyFusionTransformer``. Code: github.com/Raina-Xin/I2MoE,
``fusion_models/early_fusion.py``.

Stated: features of all modalities are joined before a common model.
Inferred from the code: a linear map of each patch's joined features to 9, three layers of torch's
transformer with normalisation after each block, no positions, the last patch's output scored.
Mended: dropout acts in every epoch; in the release it is off from the second on
(``fusion_train_mode_bug: true``). A missing modality's features are zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.early_fusion_transformer.config import EarlyFusionTransformerConfig
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.post_norm import PostNormTransformer


class EarlyFusionTransformer(FusionModel):
    """Tokens [B, P, MD] -> Linear(MD, d) -> transformer -> last token -> linear head.

    Parameters without encoders, for width d = 9, M encoders of width D and one task of C logits:
    ``9 M D + 117,951 + 9 C + C``.

    Args:
        problem: One dataset.
        encoders: Token encoders with one number of tokens; any widths.
        config: The transformer.

    Raises:
        UsageError: Encoders with different numbers of tokens, or heads that do not divide the
            width.
    """

    def __init__(
        self,
        problem: Problem,
        encoders: Mapping[str, Encoder],
        config: EarlyFusionTransformerConfig,
    ) -> None:
        super().__init__(problem, encoders)
        counts = {name: encoders[name].tokens for name in self.names}
        if len(set(counts.values())) != 1:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise UsageError(
                f"early_fusion_transformer joins tokens one by one, the encoders give {listed}",
                "give every encoder the same number of patches",
            )
        features = sum(encoders[name].width for name in self.names)
        self.project = nn.Linear(features, config.width, bias=False)
        self.transformer = PostNormTransformer(
            config.width, config.layers, config.heads, config.hidden, config.dropout
        )
        self.bug = config.fusion_train_mode_bug
        self.heads = TaskHeads(config.width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, P, D_m) tokens; the latent is the last token, (N, d)."""
        latent = self.transformer(self.project(torch.cat(list(codes), dim=2)))[:, -1]
        return Fused(self.heads(latent), latent)

    def start_epoch(self, epoch: int) -> None:
        """Switch dropout off after the first epoch where the release's behaviour is wanted."""
        self.transformer.silent = self.bug and epoch > 1
