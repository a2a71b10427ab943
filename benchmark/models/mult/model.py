"""MulT: every modality attends to the tokens of every other one.

Paper: Tsai et al., "Multimodal transformer for unaligned multimodal language sequences" (ACL
2019), section 3. Code: github.com/yaohungt/Multimodal-Transformer; MultiBench has its own.

Stated: tokens mapped to one width, sinusoidal positions, for every ordered pair of modalities a
cross-modal transformer whose keys and values are the source's low-level tokens, the results for one
target concatenated, a self-attention transformer over them, its last token.
Stated otherwise in the releases, hence settings: ``skip``, ``scale``, ``self_pairs``.
Inferred from the code: one normalisation shared by target and source, feed-forward blocks of inner
width 4d, a normalisation after the last block, depth of the self-attention transformers, a residual
perceptron before the heads, no causal mask. The map to one width is linear (a convolution of
length 1). Weights start as torch draws them.
Mended: a missing source is not attended to, so that its target passes through its blocks alone; a
missing target's vector is zero. The paper and its code have no missing modalities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.crossmodal import CrossmodalEncoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.mult.config import MulTConfig


class MulT(Model):
    """Cross-modal transformer over M modalities.

    For every target m: ``y_m = SA_m([CM_{n->m}(z_m, z_n) for n != m])`` pooled over tokens; then
    ``u = [y_1; ...; y_M]``, ``logits = head(u + W2 Drop(ReLU(W1 u)))``.

    Parameters without encoders, for d = ``width``, K = M - 1 sources of each target (M with
    ``self_pairs``), encoders of width D, ``E(w, L) = L (12 w^2 + 13 w) + 2 w``, F = M K d and one
    task of C logits:
    ``M D d + M K E(d, layers) + M E(K d, self_layers) + 2 (F^2 + F) + (F + 1) C``.

    Args:
        problem: One dataset.
        encoders: Token encoders, of any widths and numbers of tokens.
        config: Widths, depths, heads, dropouts, switches.

    Raises:
        UsageError: There is one modality and no ``self_pairs``, or heads that do not divide the
            width.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: MulTConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        count, d = len(self.names), config.width
        self.pairs = [
            (m, n) for m in range(count) for n in range(count) if m != n or config.self_pairs
        ]  # target, source
        if not self.pairs:
            raise UsageError(
                "mult pairs modalities, and there is only one", "add one, or set self_pairs: true"
            )
        self.project = nn.ModuleList(
            nn.Linear(encoders[name].width, d, bias=False) for name in self.names
        )
        self.cross = nn.ModuleList(_encoder(d, config.layers, config) for _ in self.pairs)
        joined = len(self.pairs) // count * d
        self.memory = nn.ModuleList(
            _encoder(joined, config.self_layers, config) for _ in self.names
        )
        self.residual = nn.Sequential(
            nn.Linear(count * joined, count * joined),
            nn.ReLU(),
            nn.Dropout(config.out_dropout),
            nn.Linear(count * joined, count * joined),
        )
        self.heads = TaskHeads(count * joined, problem)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        scale = math.sqrt(self.config.width) if self.config.scale else 1.0
        tokens = [
            project(self.encode(batch, name)) * scale
            for project, name in zip(self.project, self.names, strict=True)
        ]
        pooled = torch.cat([self._target(batch, tokens, m) for m in range(len(tokens))], dim=1)
        return Output(self.heads(pooled + self.residual(pooled)))

    def _target(self, batch: Batch, tokens: list[Tensor], m: int) -> Tensor:
        """Return y_m, (B, K d); zeros where modality m is missing."""
        parts = []
        for (target, n), cross in zip(self.pairs, self.cross, strict=True):
            if target == m:
                keys = batch.observed[:, n, None].expand(-1, tokens[n].shape[1])
                parts.append(cross(tokens[m], tokens[n], keys))
        joined = torch.cat(parts, dim=2)
        everything = torch.ones(joined.shape[:2], dtype=torch.bool, device=joined.device)
        encoded = self.memory[m](joined, None, everything)  # (B, P_m, K d)
        pooled = encoded[:, -1] if self.config.pool == "last" else encoded.mean(dim=1)
        return torch.where(batch.observed[:, m, None], pooled, torch.zeros_like(pooled))


def _encoder(width: int, layers: int, config: MulTConfig) -> CrossmodalEncoder:
    return CrossmodalEncoder(
        width, layers, config.heads, config.dropout, config.embed_dropout, config.skip
    )
