"""AIDE: the tokens of every modality attend to those of all others, then all are concatenated.

Paper: Yang et al., "AIDE: A vision-driven multi-view, multi-modal, multi-tasking dataset for
assistive driving perception" (ICCV 2023), as a baseline of M4oE (ICLR 2025), Tables 4, 7, 8, 9, 11
and 13. The public repository holds data only.

Stated (M4oE): the learning rate of 1e-3 is lowered to 1e-4, one head per task.
Inferred: feature-level cross attention whose queries are a modality's own tokens and whose keys and
values are all the others', with a residual; 8 heads, one layer, a feed-forward block of 2048,
normalisation before each block; tokens averaged per modality, concatenated, linear heads; a
segmentation reads its image's tokens. The
printed 254.3 million parameters are two ViT-B and 15 such layers, an odd number for two modalities,
hence ``share_layers``.
Mended: a missing modality is no source for the others and its own part is zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.aide.config import AIDEConfig
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.attention_layer import AttentionLayer
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.tokens import token_flags
from benchmark.models.layers.widths import common_width, to_width


class AIDE(Model):
    """``z_m <- Layer(z_m, [z_n for n != m])``, L times for all m at once; heads on all means.

    Args:
        problem: One dataset with two modalities or more.
        encoders: Token encoders.
        config: Layers, heads.

    Raises:
        UsageError: There is one modality, or widths do not fit.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: AIDEConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        if len(self.names) < 2:
            raise UsageError("aide attends across modalities, and there is only one", "add one")
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.counts = [encoders[name].tokens for name in self.names]
        self.project = to_width(widths, config.width)
        self.copies = 1 if config.share_layers else len(self.names)
        self.layers = nn.ModuleList(
            AttentionLayer(width, config.heads, config.hidden, config.dropout, config.order)
            for _ in range(config.layers * self.copies)
        )
        self.heads = TaskHeads(len(self.names) * width, problem, config.head_hidden, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), or (B, C, H, W) of a segmentation."""
        tokens = [
            project(self.encode(batch, name))
            for project, name in zip(self.project, self.names, strict=True)
        ]
        for start in range(0, len(self.layers), self.copies):
            tokens = [self._attend(batch, tokens, m, start) for m in range(len(tokens))]
        pooled = torch.stack([one.mean(dim=1) for one in tokens], dim=1)  # (B, M, D)
        kept = torch.where(batch.observed[:, :, None], pooled, torch.zeros_like(pooled))
        dense = self.dense_heads(tokens[self.dense_heads.number])
        return Output({**self.heads(kept.flatten(1)), **dense})

    def _attend(self, batch: Batch, tokens: list[Tensor], m: int, start: int) -> Tensor:
        """Return the tokens of modality m, (B, P_m, D), after one layer."""
        others = [n for n in range(len(tokens)) if n != m]
        keys = token_flags(batch.observed[:, others], [self.counts[n] for n in others])
        source = torch.cat([tokens[n] for n in others], dim=1)
        attended: Tensor = self.layers[start + m % self.copies](tokens[m], source, keys)
        return attended
