"""Flat vector cut into equal patches."""

from __future__ import annotations

from math import prod
from typing import Literal

from torch import Tensor

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.layers.patches import PatchEmbedding


class PatchEncoder(Encoder):
    """Cuts F values into P patches of ``ceil(F / P)`` and maps each by one shared linear layer.

    The last patches are filled with zeros on the right, which makes some of them empty where F is
    not much larger than P. There is no position term, normalisation or dropout. Parameters:
    ``(ceil(F / P) + 1) D``. The patch embedding of I2MoE (Xin et al., ICML 2025).

    Args:
        modality: Says the number of values F per sample.
        config: P and D.

    Raises:
        UsageError: The modality holds coded events.
    """

    output: Literal["vector", "tokens"] = "tokens"

    def __init__(self, modality: Modality, config: PatchEncoderConfig) -> None:
        super().__init__()
        refuse_events("patch", modality)
        self.width, self.tokens = config.width, config.patches
        self.embedding = PatchEmbedding(prod(modality.shape), config.patches, config.width)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, *shape) to (B, P, D)."""
        flat = data.values.flatten(1).to(self.embedding.linear.weight.dtype)
        tokens: Tensor = self.embedding(flat)
        return tokens
