"""AsymMirai: how the feature maps of two breasts differ, view by view.

Paper: Donnelly et al., "AsymMirai: Interpretable mammography-based deep learning model for 1-5-year
breast cancer risk prediction" (Radiology 2024), as a baseline of M4oE (ICLR 2025), Tables 4, 7, 8,
9 and 13. Code: github.com/jdonnelly36/AsymMirai.

Stated (M4oE): images of 224 px, learning rate 1e-4, batches of 32, one head per task, a variant
with MToE.
Inferred from the code: a channel map per view (identity and noise of 0.01), absolute difference,
maximum over windows of a fifth of the map, norm over channels, its largest value, the mean over
views, standardised by mu 2000 and sigma 300. Inferred: which pair M4oE compares, whose samples have
one breast, is not told (``pairs``; both breasts of an examination unless set otherwise); T heads
read the vectors at the peaks side by side (``readout``), which are also MToE's tokens. The printed
205.4 million parameters hold six transformer layers that the original lacks (``layers``), and one
ViT-B more than Mirai has.
Mended: a pair of which a sample lacks a partner says nothing: its vector is a learned one, zeros at
first, and the mean is over the other pairs. Encoders without a grid count as one row.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.asymmirai.config import AsymMiraiConfig
from benchmark.models.asymmirai.mean_score import MeanScore
from benchmark.models.asymmirai.pairs import find_pairs
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.asymmetry import Asymmetry, feature_map
from benchmark.models.layers.attention_layer import AttentionLayer
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.task_routing import TaskRouting
from benchmark.models.layers.widths import common_width


class AsymMirai(Model):
    """``v_p = peak |W_p F_l - W_p F_r|`` of every pair p, then heads on ``[v_1; ...; v_K]``.

    With MToE, the vectors are its tokens and each task's head reads what it makes of them.

    Args:
        problem: One dataset whose modalities are images in pairs.
        encoders: Token encoders of one width whose grids are equal within a pair.
        config: Pairs, sharing, readout.

    Raises:
        UsageError: Pairs cannot be formed, or widths differ.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: AsymMiraiConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        self.pairs = find_pairs(self.names, config.pairs)
        width = common_width([one.width for one in encoders.values()], None)
        count = len(self.pairs)
        self._check_grids()
        self.mirror = config.pairs == "sides" if config.mirror is None else config.mirror
        self.differences = nn.ModuleList(Asymmetry(width, config.noise) for _ in self.pairs)
        self.layers = nn.ModuleList(
            AttentionLayer(width, config.heads, config.hidden, config.dropout)
            for _ in range(config.layers)
        )
        tasks = len(problem.only.tasks)
        self.routing = TaskRouting(width, tasks, config.mtoe) if config.mtoe else None
        score = config.readout == "score"
        self.mean_score = MeanScore(config.mu, config.sigma) if score else None
        if not score:
            self.absent = nn.Parameter(torch.zeros(count, width))
        self.heads = TaskHeads(1 if score else count * width, problem, config.head_hidden)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), ``info["scores"]`` (B, K) peak heights."""
        maps = [self._map(batch, name) for name in self.names]
        compared = []
        for (one, two), difference in zip(self.pairs, self.differences, strict=True):
            left, right = maps[self.names.index(one)], maps[self.names.index(two)]
            compared.append(difference(left, right.flip(3) if self.mirror else right))
        vectors = torch.stack([vector for vector, _ in compared], dim=1)  # (B, K, D)
        scores = torch.stack([score for _, score in compared], dim=1)
        logits, losses = self._read(vectors, scores, self._complete(batch))
        return Output(logits, losses, {"scores": scores})

    def _map(self, batch: Batch, name: str) -> Tensor:
        """Return the feature map of an image, (B, D, h, w)."""
        by = self.config.encoder_of(name, self.names)
        return feature_map(self.encode(batch, name, by=by), self.encoder(by).grid)

    def _complete(self, batch: Batch) -> Tensor:
        """Return which pairs each sample has both partners of, (B, K) bool."""
        places = [[self.names.index(name) for name in pair] for pair in self.pairs]
        return torch.stack([batch.observed[:, both].all(dim=1) for both in places], dim=1)

    def _read(
        self, vectors: Tensor, scores: Tensor, complete: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return logits by task from the vectors (B, K, D) or their norms (B, K), and losses."""
        if self.mean_score is not None:
            return self.heads(self.mean_score(scores, complete)), {}
        for layer in self.layers:
            vectors = layer(vectors, None, complete)
        if self.routing is None:
            return self.heads(self._joined(vectors, complete)), {}
        routed, losses = self.routing(vectors, complete, [1] * len(self.pairs))
        features = [
            self._joined(routed.of(task), complete) for task in range(len(self.heads.outputs))
        ]
        return self.heads.each(features), losses

    def _joined(self, vectors: Tensor, complete: Tensor) -> Tensor:
        """Put the vectors of the pairs side by side, (B, K D)."""
        return torch.where(complete[:, :, None], vectors, self.absent).flatten(1)

    def _check_grids(self) -> None:
        for pair in self.pairs:
            both = [self.encoder(self.config.encoder_of(name, self.names)) for name in pair]
            if len({one.grid or (1, one.tokens) for one in both}) > 1:
                raise UsageError(
                    f"the feature maps of {pair[0]!r} and {pair[1]!r} differ in size: "
                    f"{both[0].grid} and {both[1].grid}",
                    "give both the same encoder",
                )
