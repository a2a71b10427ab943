"""Fuller: a backbone per modality, a fusion block over all tokens, a head per task.

Paper: Huang et al., "FULLER: Unified multi-modality multi-task 3D perception via multi-level
gradient calibration" (ICCV 2023, arXiv 2307.16617), as a baseline of M4oE (ICLR 2025), Tables 4, 7,
8, 9, 11 and 13. Only its abstract was at hand.

Stated (M4oE): weighting 0.1 and momentum 0.2 of the calibration, which is the strategy
``gradient_calibration``; one head per task.
Inferred: the fusion block is a transformer over the tokens of all modalities; the printed 211.6
million parameters are two ViT-B and 7 layers with feed-forward blocks of 2048, poolers or hidden
layers of the heads filling up what lacks (1.4 million); a head
reads the mean of all tokens, a segmentation its image's tokens. Under another strategy this is a
plain multi-task transformer.
Mended: tokens of a missing modality are neither attended to nor averaged.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.fuller.config import FullerConfig
from benchmark.models.layers.attention_layer import AttentionLayer
from benchmark.models.layers.dense_head import DenseHeads, modality_tokens
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.tokens import masked_mean, token_flags
from benchmark.models.layers.widths import common_width, to_width


class Fuller(Model):
    """Branches ``z_m = E_m(x_m)``, shared ``z = Layers([z_1; ...; z_M])``, heads on its mean.

    The three parts are methods of their own, see ``benchmark.models.layers.branched``.

    Args:
        problem: One dataset.
        encoders: Token encoders.
        config: Fusion block, heads.

    Raises:
        UsageError: Widths do not fit.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: FullerConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.counts = [encoders[name].tokens for name in self.names]
        self.project = to_width(widths, config.width)
        self.fusion = nn.ModuleList(
            AttentionLayer(width, config.heads, config.hidden, config.dropout, config.order)
            for _ in range(config.layers)
        )
        self.heads = TaskHeads(width, problem, config.head_hidden, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), or (B, C, H, W) of a segmentation."""
        return Output(self.heads_of(batch, self.fuse(batch, self.branches(batch))))

    def branches(self, batch: Batch) -> list[Tensor]:
        """Return the tokens of every modality, (B, P_m, D)."""
        return [
            project(self.encode(batch, name))
            for project, name in zip(self.project, self.names, strict=True)
        ]

    def fuse(self, batch: Batch, branches: list[Tensor]) -> Tensor:
        """Return the tokens of all modalities after the fusion block, (B, P, D)."""
        tokens = torch.cat(branches, dim=1)
        keys = token_flags(batch.observed, self.counts)
        for layer in self.fusion:
            tokens = layer(tokens, None, keys)
        return tokens

    def heads_of(self, batch: Batch, shared: Tensor) -> dict[str, Tensor]:
        """Return the logits by task, from shared tokens (B, P, D)."""
        mean = masked_mean(shared, token_flags(batch.observed, self.counts))
        image = modality_tokens(shared, self.counts, self.dense_heads.number)
        return {**self.heads(mean), **self.dense_heads(image)}

    def last_shared(self) -> list[nn.Parameter]:
        """Return the weights of the last layer of the fusion block."""
        return list(self.fusion[-1].parameters())
