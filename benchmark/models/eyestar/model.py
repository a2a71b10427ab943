"""EyeStar: one encoder per modality, their vectors concatenated, a head per task.

Paper: a team's entry to the GAMMA challenge (Wu et al., "GAMMA challenge: glaucoma grading from
multi-modality images", Medical Image Analysis 2023), as a baseline of M4oE (ICLR 2025), Tables 11
and 14.

Stated (M4oE): two encoders, concatenation, a head; with MToE, which takes the place of the
concatenation.
Inferred: the head is linear; everything else the team did is not told. The challenge's own baseline
has this form with two ResNet-34, the second with 256 input channels for the slices of a volume;
which encoders a run has is the manifest's choice.
Mended: a missing modality is a learned vector of its own, zeros at first; the challenge has none.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.eyestar.config import EyeStarConfig
from benchmark.models.layers.heads import TaskHeads


class EyeStar(Model):
    """``logits = head([E_1(x_1); ...; E_M(x_M)])``.

    Args:
        problem: One dataset.
        encoders: Vector encoders, of any widths.
        config: The heads.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: EyeStarConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        widths = [encoders[name].width for name in self.names]
        self.missing = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths)
        self.heads = TaskHeads(sum(widths), problem, config.head_hidden, config.dropout)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        codes = [self._code(batch, m) for m in range(len(self.names))]
        return Output(self.heads(torch.cat(codes, dim=1)))

    def _code(self, batch: Batch, m: int) -> Tensor:
        """Return the vector of a modality, (B, D_m)."""
        code = self.encode(batch, self.names[m])
        return torch.where(batch.observed[:, m, None], code, self.missing[m])
