"""AdaMV-MoE: shared sparse experts with a router, and a number of experts, of every task.

Paper: Chen et al., "AdaMV-MoE: Adaptive Multi-Task Vision Mixture-of-Experts" (ICCV 2023), as a
baseline of M4oE (ICLR 2025), Tables 7 to 9 and 11. Code: google-research/google-research,
``moe_mtl``.

Stated: experts shared by the tasks, one noisy top-k router per task, the number k of experts of a
task adapted to its validation; auxiliary weight 5e-3.
Inferred from the code: gates are a softmax over all noisy logits, noise of deviation 1/n in
training, k = 2 at first and at most 8; where a task's validation loss has not fallen for some time,
k grows by one, and if it does not fall then either, it goes back by one and stays; importance and
load of the experts, each as a squared coefficient of variation.
Inferred: one encoder per modality, the mixture in every second block of a transformer over the
tokens of all modalities (the original is one vision transformer), from the first mixture on every
task has its own stream, 8 experts, a validation every epoch, patience 2, mean over tokens, linear
heads, the auxiliary terms averaged over blocks and tasks.
Mended: tokens of missing modalities are neither attended to nor routed nor averaged.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.adamv_moe.adaptive import AdaptiveK
from benchmark.models.adamv_moe.config import AdaMVMoEConfig
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.attention import FusedSelfAttention
from benchmark.models.layers.dense_head import DenseHeads, modality_tokens
from benchmark.models.layers.experts import Experts
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.sparse_moe import TopKRouter, importance, load, mixture, unevenness
from benchmark.models.layers.tokens import masked_mean, token_flags
from benchmark.models.layers.widths import common_width, to_width


class AdaMVMoE(Model):
    """Blocks over all tokens; task t reads ``head_t(mean LN x^(t))``.

    Args:
        problem: One dataset.
        encoders: Token encoders.
        config: Blocks, experts, adaptation.

    Raises:
        UsageError: Widths or heads do not fit, or a segmentation has no grid of tokens.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: AdaMVMoEConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        self.tasks = [task.name for task in problem.only.tasks]
        self.counts = [encoders[name].tokens for name in self.names]
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.project = to_width(widths, config.width)
        self.blocks = nn.ModuleList(
            TaskBlock(width, len(self.tasks) * ((layer + 1) % config.moe_every == 0), config)
            for layer in range(config.layers)
        )
        largest = min(config.largest_k, config.experts)
        self.k = AdaptiveK(self.tasks, min(config.top_k, largest), largest, config.patience)
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
        k = self.k.of_tasks()
        streams, uneven = tokens[None], []  # (1, B, L, D), later (T, B, L, D)
        for block in self.blocks:
            streams, terms = block(streams, keys, k)
            uneven += terms
        streams = self.norm(streams).expand(len(self.tasks), *tokens.shape)
        by_task = dict(zip(self.tasks, streams, strict=True))
        logits = self.heads.each([masked_mean(by_task[task], keys) for task in self.heads.outputs])
        logits |= self.dense_heads.each(
            [self._patches(by_task[task], keys) for task in self.dense_heads.outputs]
        )
        losses = {}
        if uneven and self.config.auxiliary > 0:
            losses["experts"] = self.config.auxiliary * torch.stack(uneven).mean()
        return Output({task: logits[task] for task in self.tasks}, losses, {"k": k})

    def end_validation(self, losses: dict[str, float]) -> None:
        """Let every task change its k by its validation loss; see :class:`AdaptiveK`."""
        if self.config.adaptive:
            self.k.update(losses)

    def _patches(self, tokens: Tensor, keys: Tensor) -> Tensor:
        """Return the image's tokens of a stream, (B, P_m, D); zeros without the image."""
        kept = torch.where(keys[:, :, None], tokens, torch.zeros_like(tokens))
        return modality_tokens(kept, self.counts, self.dense_heads.number)


class TaskBlock(nn.Module):
    """``h = x + Attn(LN1 x)``, ``y = h + F(LN2 h)``, F dense or a sparse mixture routed per task.

    Args:
        width: D.
        tasks: T, routers; 0 makes F one dense block.
        config: Experts, heads.
    """

    def __init__(self, width: int, tasks: int, config: AdaMVMoEConfig) -> None:
        super().__init__()
        hidden = config.hidden or 4 * width
        self.attention_norm = nn.LayerNorm(width)
        self.attention = FusedSelfAttention(width, config.heads)
        self.norm = nn.LayerNorm(width)
        self.experts = Experts(config.experts if tasks else 1, width, hidden)
        self.routers = nn.ModuleList(
            TopKRouter(width, config.experts, noise="fixed", normalise="all") for _ in range(tasks)
        )

    def forward(self, streams: Tensor, keys: Tensor, k: list[int]) -> tuple[Tensor, list[Tensor]]:
        """Transform the streams of all tasks.

        Args:
            streams: (T, B, L, D), or (1, B, L, D) while tasks share one.
            keys: (B, L) bool, tokens that take part.
            k: Experts per token of each task.

        Returns:
            (T, B, L, D), or (1, B, L, D) after a dense block on one stream; and the unevenness of
            importance and of load for every task.
        """
        flat = streams.flatten(0, 1)  # (T B, L, D)
        repeated = None if bool(keys.all()) else keys.repeat(len(streams), 1)
        hidden = flat + self.attention(self.attention_norm(flat), repeated)
        normed = self.norm(hidden)
        if not self.routers:
            rows = normed.flatten(0, 1)[None]
            return (hidden + self.experts(rows).view_as(hidden)).view_as(streams), []
        return self._mix(hidden.view_as(streams), normed.view_as(streams), keys.flatten(), k)

    def _mix(
        self, hidden: Tensor, normed: Tensor, mask: Tensor, k: list[int]
    ) -> tuple[Tensor, list[Tensor]]:
        tasks = len(self.routers)
        hidden, normed = (one.expand(tasks, *one.shape[1:]) for one in (hidden, normed))
        rows = normed.flatten(1, 2)  # (T, B L, D)
        gatings = [
            router(row, own, mask) for router, row, own in zip(self.routers, rows, k, strict=True)
        ]
        # One call over all tasks, since they share the experts.
        mixed = mixture(
            self.experts,
            rows.flatten(0, 1),
            torch.cat([one.gates for one in gatings]),
            torch.cat([one.chosen for one in gatings]),
        )
        terms = [
            unevenness(importance(one, mask)) + unevenness(load(one, own, mask))
            for one, own in zip(gatings, k, strict=True)
        ]
        return hidden + mixed.view_as(hidden), terms
