"""Late fusion: one prediction per modality, averaged over the modalities a sample has.

Paper: none in particular; decision-level fusion as surveys describe it, e.g. Baltrusaitis et al.,
"Multimodal machine learning" (TPAMI 2019), section 6.1. It is not the «LF» of the I2MoE release,
which is a transformer over all scalars.

Stated: a fixed rule joins the decisions of unimodal models.
Inferred: the rule is the mean of *logits*, not of probabilities (a product of experts up to
normalisation), all encoders and heads are trained together on the loss of the mean, and a sample
without any modality scores a learned bias per task (zeros at first).
Mended: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.late_fusion.config import LateFusionConfig
from benchmark.models.layers.heads import TaskHeads, task_outputs


class LateFusion(Model):
    """``logits = sum_m o_m head_m(E_m(x_m)) / sum_m o_m`` with observed flags o.

    Args:
        problem: One dataset.
        encoders: Vector encoders, of any widths.
        config: No settings.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: LateFusionConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        self.heads = nn.ModuleList(TaskHeads(encoders[name].width, problem) for name in self.names)
        self.tasks = task_outputs(problem)
        self.nothing = nn.ParameterList(
            nn.Parameter(torch.zeros(count)) for count in self.tasks.values()
        )

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), ``info["modalities"][task]`` (B, M, C)."""
        each = [self._logits(batch, m) for m in range(len(self.names))]
        stacked = {task: torch.stack([one[task] for one in each], dim=1) for task in self.tasks}
        logits = {
            task: self._mean(stacked[task], batch.observed, bias)
            for task, bias in zip(self.tasks, self.nothing, strict=True)
        }
        return Output(logits, info={"modalities": stacked})

    def _logits(self, batch: Batch, m: int) -> dict[str, Tensor]:
        logits: dict[str, Tensor] = self.heads[m](self.encode(batch, self.names[m]))
        return logits

    @staticmethod
    def _mean(logits: Tensor, observed: Tensor, bias: Tensor) -> Tensor:
        """Average (B, M, C) over the observed modalities (B, M)."""
        weights = observed.to(logits.dtype)
        total = (logits * weights[:, :, None]).sum(dim=1)
        mean = total / weights.sum(dim=1, keepdim=True).clamp(min=1)
        return torch.where(observed.any(dim=1, keepdim=True), mean, bias)
