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

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.early_fusion.config import EarlyFusionConfig
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.mlp import hidden_layers


class EarlyFusion(Model):
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
        self.names = [modality.name for modality in problem.only.modalities]
        widths = [encoders[name].width for name in self.names]
        self.missing = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths)
        self.joint = hidden_layers(sum(widths), config.hidden, config.dropout, config.activation)
        self.heads = TaskHeads(config.hidden[-1] if config.hidden else sum(widths), problem)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        codes = [self._code(batch, m) for m in range(len(self.names))]
        return Output(self.heads(self.joint(torch.cat(codes, dim=1))))

    def _code(self, batch: Batch, m: int) -> Tensor:
        """Return z_m, (B, D_m)."""
        code = self.encode(batch, self.names[m])
        return torch.where(batch.observed[:, m, None], code, self.missing[m])
