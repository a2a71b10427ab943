"""Early fusion: encoded modalities are concatenated, a perceptron reads all of them.

Paper: none in particular; the feature-level fusion that every survey describes, e.g. Baltrusaitis
et al., "Multimodal machine learning" (TPAMI 2019), section 6.1. It is not the «EF» of the I2MoE
release, which is a small transformer.

Stated: concatenation before a joint classifier.
Inferred: a missing modality is a learned vector of its own (zeros at first); hidden layers are
shared by the tasks, each task has its own linear head.
Mended: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.early_fusion.config import EarlyFusionConfig
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.mlp import hidden_layers


class EarlyFusion(FusionModel):
    """``logits = head(MLP([z_1; ...; z_M]))`` with ``z_m = E_m(x_m)``, or learned where missing.

    Args:
        problem: One dataset.
        encoders: Vector encoders, of any widths D_m.
        config: The joint perceptron.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: EarlyFusionConfig
    ) -> None:
        super().__init__(problem, encoders)
        widths = [encoders[name].width for name in self.names]
        self.missing = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths)
        self.joint = hidden_layers(sum(widths), config.hidden, config.dropout, config.activation)
        self.heads = TaskHeads(config.hidden[-1] if config.hidden else sum(widths), problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, D_m) vectors; the latent is what the heads read."""
        filled = [
            torch.where(observed[:, m, None], code, missing)
            for m, (code, missing) in enumerate(zip(codes, self.missing, strict=True))
        ]
        latent = self.joint(torch.cat(filled, dim=1))
        return Fused(self.heads(latent), latent)
