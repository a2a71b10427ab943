"""What every encoder offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn

from benchmark.core.batch import ModalityData


class Encoder(nn.Module, ABC):
    """Maps one modality to a vector or to tokens. Subclasses take ``(modality, config)``.

    Only observed rows reach an encoder (see ``benchmark.models.layers.observed``), so it never
    sees the zeros that stand for a missing modality.

    Attributes:
        output: ``vector``: forward gives (B, width); ``tokens``: (B, tokens, width).
        width: D.
        tokens: P; 1 for a vector.
    """

    output: ClassVar[Literal["vector", "tokens"]]
    width: int
    tokens: int = 1

    @abstractmethod
    def forward(self, data: ModalityData) -> Tensor:
        """Encode B observed samples."""
