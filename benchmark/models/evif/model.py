"""EVIF: a fusion transformer whose features repeat little of each other and keep much of each.

Paper: Geng et al., "Event-based visible and infrared fusion via multi-task collaboration" (CVPR
2024), as a baseline of M4oE (ICLR 2025), Tables 4, 7, 8, 9, 11 and 13. Only its abstract was at
hand: bi-level min-max mutual information, no public code.

Stated (M4oE): weights 1, 0.1 and 0.01 of tasks, minimised and maximised information.
Inferred: minimised is an upper bound (CLUB) between the modalities' features, maximised a lower
bound (InfoNCE) between the fused features and each modality's; all pairs of modalities, where the
original has two; the estimators fit themselves in steps of their own (strategy ``min_max``) and
read normalised features; the upper bound is taken per dimension. Fusion layers attend to a
modality's own tokens, then to all others'; two of them with feed-forward blocks of 2048 and two
ViT-B come near the printed 188.1 million parameters. Tokens are averaged per modality, then over
modalities; one linear head per task. A segmentation reads its image's fused tokens.
Mended: a missing modality is no source, is not averaged and not measured.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.evif.config import EVIFConfig
from benchmark.models.evif.estimators import Estimators
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.self_cross_layer import SelfCrossLayer
from benchmark.models.layers.tokens import masked_mean, token_flags
from benchmark.models.layers.widths import common_width, to_width


class EVIF(Model):
    """``z_m <- Layer_m(z_m, [z_n for n != m])``; heads on the mean of all means.

    ``losses``: 0.1 times the upper bound, -0.01 times the lower bound, and the estimators' own
    loss, each of which reaches the weights that it is meant for and no others.

    Args:
        problem: One dataset with two modalities or more.
        encoders: Token encoders.
        config: Layers, weights of the terms, estimators.

    Raises:
        UsageError: There is one modality, or widths do not fit.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: EVIFConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        if len(self.names) < 2:
            raise UsageError("evif compares modalities, and there is only one", "add one")
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.counts = [encoders[name].tokens for name in self.names]
        self.project = to_width(widths, config.width)
        self.layers = nn.ModuleList(
            SelfCrossLayer(width, config.heads, config.hidden, config.dropout, config.order)
            for _ in range(config.layers * len(self.names))
        )
        self.heads = TaskHeads(width, problem, config.head_hidden, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)
        self.estimators = Estimators(len(self.names), width, config.estimator_hidden)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), or (B, C, H, W) of a segmentation."""
        features, tokens = self._features(batch)
        fused = self._mean(tokens, batch.observed)
        upper, lower = self.estimators.bounds(features, fused, batch.observed)
        if self.config.per_dimension:
            upper = upper / features.shape[2]
        losses = {
            "minimised": self.config.minimise * upper,
            "maximised": -self.config.maximise * lower,
            "estimators": self.estimators.loss(features, fused, batch.observed),
        }
        dense = self.dense_heads(tokens[self.dense_heads.number])
        return Output({**self.heads(fused), **dense}, losses)

    def estimator_loss(self, batch: Batch) -> Tensor:
        """Return what the estimators minimise on a batch, a scalar."""
        with torch.no_grad():
            features, tokens = self._features(batch)
            fused = self._mean(tokens, batch.observed)
        return self.estimators.loss(features, fused, batch.observed)

    def _features(self, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """Return vectors of the modalities before fusion, (B, M, D), and tokens (B, P_m, D) after.

        The vectors are means over tokens.
        """
        tokens = [
            project(self.encode(batch, name))
            for project, name in zip(self.project, self.names, strict=True)
        ]
        features = torch.stack([one.mean(dim=1) for one in tokens], dim=1)
        for start in range(0, len(self.layers), len(tokens)):
            tokens = [self._fuse(batch, tokens, m, start) for m in range(len(tokens))]
        return features, tokens

    @staticmethod
    def _mean(tokens: list[Tensor], observed: Tensor) -> Tensor:
        """Return the mean over modalities of the means of their tokens, (B, D)."""
        return masked_mean(torch.stack([one.mean(dim=1) for one in tokens], dim=1), observed)

    def _fuse(self, batch: Batch, tokens: list[Tensor], m: int, start: int) -> Tensor:
        """Return the tokens of modality m, (B, P_m, D), after one layer."""
        others = [n for n in range(len(tokens)) if n != m]
        keys = token_flags(batch.observed[:, others], [self.counts[n] for n in others])
        own = token_flags(batch.observed[:, [m]], [self.counts[m]])
        source = torch.cat([tokens[n] for n in others], dim=1)
        fused: Tensor = self.layers[start + m](tokens[m], source, own, keys)
        return fused
