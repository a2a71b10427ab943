"""EyeStar: one encoder per modality, their vectors concatenated, a head per task.

Paper: a team's entry to the GAMMA challenge (Wu et al., "GAMMA challenge: glaucoma grading from
multi-modality images", Medical Image Analysis 2023), as a baseline of M4oE (ICLR 2025), Tables 11
and 14.

Stated (M4oE): two encoders, concatenation, a head; with MToE, which takes the place of the
concatenation.
Inferred: the head is linear; everything else the team did is not told. The challenge's own baseline
has this form with two ResNet-34, the second with 256 input channels for the slices of a volume;
which encoders a run has is the manifest's choice. With MToE every modality is a token, or all its
tokens are routed (``maps``), and a task's head reads the mean over modalities of its output's
means. A segmentation reads the tokens of its image by a dense head, after MToE if there is one.
Mended: a missing modality is a learned vector of its own, zeros at first, and takes no part in
MToE; the challenge has none.
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
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.modality_routing import ModalityRouting, Routed
from benchmark.models.layers.tokens import masked_mean, summary


class EyeStar(Model):
    """``logits = head([E_1(x_1); ...; E_M(x_M)])``; with MToE ``head_t(mean_m Y_{t,m})``.

    Args:
        problem: One dataset.
        encoders: Encoders of any widths; vectors, or tokens where ``maps`` or ``dense`` say so.
        config: Heads, experts, what is read as tokens.

    Raises:
        UsageError: A segmentation has no tokens to read, or widths do not fit MToE.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: EyeStarConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        self.tasks = [task.name for task in problem.only.tasks]
        own = [encoders[name] for name in self.names]
        if config.mtoe is None:
            widths = [one.width for one in own]
            self.routing = None
            self.missing = nn.ParameterList(nn.Parameter(torch.zeros(one)) for one in widths)
            read, width = sum(widths), None
        else:
            self.routing = ModalityRouting(own, len(self.tasks), config.width, config.mtoe)
            read = width = self.routing.width
        self.heads = TaskHeads(read, problem, config.head_hidden, config.dropout, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), or (B, C, H, W) of a segmentation."""
        codes = [self.encode(batch, name) for name in self.names]
        if self.routing is not None:
            return self._route(self.routing(codes, batch.observed), batch.observed)
        vectors = [self._vector(batch, codes[m], m) for m in range(len(codes))]
        dense = self.dense_heads(codes[self.dense_heads.number])
        return Output({**self.heads(torch.cat(vectors, dim=1)), **dense})

    def _vector(self, batch: Batch, code: Tensor, m: int) -> Tensor:
        """Return the vector of a modality, (B, D_m)."""
        vector = summary(code, self.encoder(self.names[m]))
        return torch.where(batch.observed[:, m, None], vector, self.missing[m])

    def _route(self, routed: Routed, observed: Tensor) -> Output:
        """Score by what task experts make of the modalities."""
        features = [
            masked_mean(routed.vectors(self.tasks.index(task)), observed)
            for task in self.heads.outputs
        ]
        maps = [
            routed.map(self.tasks.index(task), self.dense_heads.number)
            for task in self.dense_heads.outputs
        ]
        logits = {**self.heads.each(features), **self.dense_heads.each(maps)}
        return Output(logits, routed.losses)
