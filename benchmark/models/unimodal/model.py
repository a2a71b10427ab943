"""Unimodal baseline: one modality, its encoder, one linear head per task.

Paper: none; the plain baseline that every fusion method is compared with.

Stated: nothing, as there is no paper.
Inferred: a sample without the modality scores the head's bias, which training moves towards the
class frequencies of such samples.
Mended: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UnknownNameError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.unimodal.config import UnimodalConfig


class Unimodal(Model):
    """``logits = W E_m(x_m) + b``; other modalities are neither read nor given parameters.

    Args:
        problem: One dataset.
        encoders: A vector encoder of ``config.modality``; others are left alone.
        config: Which modality.

    Raises:
        UnknownNameError: The run has no modality of that name.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: UnimodalConfig
    ) -> None:
        names = [modality.name for modality in problem.only.modalities]
        if config.modality not in names:
            raise UnknownNameError("modality", config.modality, names)
        encoder = encoders[config.modality]
        super().__init__(problem, {config.modality: encoder})
        self.modality = config.modality
        self.heads = TaskHeads(encoder.width, problem)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        return Output(self.heads(self.encode(batch, self.modality)))
