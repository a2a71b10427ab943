"""Flat vector through a multilayer perceptron."""

from __future__ import annotations

from math import prod
from typing import Literal

from torch import Tensor

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.layers.mlp import mlp


class MLPEncoder(Encoder):
    """Flattens a sample's values and maps them to a vector.

    Times, masks and lengths are not looked at: an unmeasured value is the number that stands in
    its place.

    Args:
        modality: Says the number of values F per sample.
        config: Widths, dropout, activation.

    Raises:
        UsageError: The modality holds coded events.
    """

    output: Literal["vector", "tokens"] = "vector"

    def __init__(self, modality: Modality, config: MLPEncoderConfig) -> None:
        super().__init__()
        refuse_events("mlp", modality)
        self.width = config.width
        self.layers = mlp(
            prod(modality.shape), config.hidden, config.width, config.dropout, config.activation
        )

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, *shape) to (B, D)."""
        flat = data.values.flatten(1).to(next(self.parameters()).dtype)
        encoded: Tensor = self.layers(flat)
        return encoded
