"""Multimodal Soft MoE: one soft mixture of experts over the tokens of all modalities.

Paper: Puigcerver et al., "From Sparse to Soft Mixtures of Experts" (ICLR 2024), as the baseline
«Multimodal Soft MoE» of M4oE (ICLR 2025), Tables 3, 7, 8, 9, 11 and 15.

Stated: soft experts over several modalities, 16 to 128 of them, without parts of modalities or
tasks.
Inferred: tokens of all modalities laid side by side, one block with one slot per expert, the mean
over tokens, layer norm and a linear head per task.
Mended: tokens of missing modalities take no part in attention, dispatch and mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.dense_head import DenseHeads, modality_tokens
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.msoe import MSoEStack
from benchmark.models.layers.tokens import masked_mean, token_flags
from benchmark.models.layers.widths import common_width, to_width
from benchmark.models.soft_moe.config import MultimodalSoftMoEConfig


class MultimodalSoftMoE(Model):
    """``logits = head(LN(mean(blocks([X_1; ...; X_M]))))``.

    Args:
        problem: One dataset.
        encoders: Token encoders.
        config: Depth, experts.

    Raises:
        UsageError: Widths or heads do not fit, or a segmentation has no grid of tokens.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: MultimodalSoftMoEConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        self.tasks = [task.name for task in problem.only.tasks]
        self.counts = [encoders[name].tokens for name in self.names]
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.project = to_width(widths, config.width)
        self.blocks = MSoEStack(
            config.depth,
            width,
            config.experts,
            config.slots,
            config.heads,
            config.hidden or 4 * width,
            config.normalize_slot_inputs,
        )
        self.norm = nn.LayerNorm(width)
        self.heads = TaskHeads(width, problem, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), of segmentations (B, C, H, W)."""
        tokens = torch.cat(
            [
                project(self.encode(batch, name))
                for project, name in zip(self.project, self.names, strict=True)
            ],
            dim=1,
        )
        keys = token_flags(batch.observed, self.counts)
        mixed = self.norm(self.blocks(tokens, None if bool(keys.all()) else keys))
        logits = self.heads(masked_mean(mixed, keys))
        if self.dense_heads.outputs:
            kept = torch.where(keys[:, :, None], mixed, torch.zeros_like(mixed))
            logits |= self.dense_heads(modality_tokens(kept, self.counts, self.dense_heads.number))
        return Output({task: logits[task] for task in self.tasks})
