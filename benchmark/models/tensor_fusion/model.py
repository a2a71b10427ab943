"""Tensor fusion network: the outer product of all modalities, read by a perceptron.

Paper: Zadeh et al., "Tensor fusion network for multimodal sentiment analysis" (EMNLP 2017),
sections 4.2 and 4.3. Code: github.com/Justin1904/TensorFusionNetworks.

Stated: a 1 appended to each modality's vector, their outer product, two hidden layers of 128 ReLU
units behind it.
Inferred: where the product would have more than ``largest`` entries, a linear map narrows the
modalities that are too wide (65^4 = 17.9 million entries for four modalities of width 64; the
paper has three modalities, one of them narrowed by its encoder); dropout after the hidden layers;
a missing modality is a zero vector, which leaves the products of the others.
Mended: nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.mlp import hidden_layers
from benchmark.models.tensor_fusion.config import TensorFusionConfig


class TensorFusion(Model):
    """``logits = head(MLP([1; z_1] x ... x [1; z_M]))`` with ``z_m = A_m E_m(x_m) + a_m``.

    Parameters without encoders, with d_m the width of z_m, hidden widths (K, K') and one task of
    C logits: ``(prod_m (d_m + 1) + 1) K + (K + 1) K' + (K' + 1) C``, and ``(D_m + 1) d_m`` for
    every modality that is narrowed; the others have no A_m.

    Args:
        problem: One dataset.
        encoders: Vector encoders, of any widths D_m.
        config: Size of the product, perceptron.

    Raises:
        UsageError: ``largest`` is too small for this many modalities.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: TensorFusionConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        limit = _limit(config.largest, len(self.names))
        widths = [encoders[name].width for name in self.names]
        self.narrow = nn.ModuleList(
            nn.Linear(width, limit) if width > limit else nn.Identity() for width in widths
        )
        entries = math.prod(min(width, limit) + 1 for width in widths)
        self.joint = hidden_layers(entries, config.hidden, config.dropout, "relu")
        self.heads = TaskHeads(config.hidden[-1] if config.hidden else entries, problem)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        codes = [self._code(batch, m) for m in range(len(self.names))]
        return Output(self.heads(self.joint(outer_product(codes))))

    def _code(self, batch: Batch, m: int) -> Tensor:
        """Return z_m, (B, d_m); zeros where the modality is missing."""
        code: Tensor = self.narrow[m](self.encode(batch, self.names[m]))
        return torch.where(batch.observed[:, m, None], code, torch.zeros_like(code))


def outer_product(vectors: Sequence[Tensor]) -> Tensor:
    """Return every product of one entry of each ``[1; z_m]``, the last modality's fastest.

    Args:
        vectors: One (B, d_m) per modality.

    Returns:
        (B, prod_m (d_m + 1)); the first entry is 1.
    """
    product = vectors[0].new_ones(vectors[0].shape[0], 1)
    for z in vectors:
        extended = torch.cat([torch.ones_like(z[:, :1]), z], dim=1)
        product = (product[:, :, None] * extended[:, None, :]).flatten(1)
    return product


def _limit(largest: int, modalities: int) -> int:
    """Return the largest d with ``(d + 1)^modalities <= largest``."""
    root = 1 + round(math.pow(largest, 1 / modalities))
    while math.prod([root] * modalities) > largest:  # in integers: the power above is rounded
        root -= 1
    if root < 2:
        raise UsageError(
            f"the outer product of {modalities} modalities has at least {2**modalities} entries, "
            f"largest is {largest}",
            "raise the model's setting 'largest'",
        )
    return root - 1
