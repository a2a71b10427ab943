"""Transformer over the steps of a series, e.g. the hours of a grid."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import GridTransformerEncoderConfig
from benchmark.models.layers.tokens import masked_mean
from benchmark.models.layers.transformer import TransformerLayer


class GridTransformerEncoder(Encoder):
    """``h_t = Drop(W x_t + b + p_t)`` with learned positions p, L pre-norm layers, a layer norm.

    Steps from a sample's length on are never attended to and enter no mean; as tokens they are
    zeros. Parameters for d numbers per step and T steps: ``(d + 1 + T) D + L (8 D^2 + 8 D) + 2 D``,
    and D more with a class token, which has no position.

    Args:
        modality: Says T and d; its shape is (T, d).
        config: D, L, heads, what a vector is.
        output: ``vector``; or ``tokens``, one per step.

    Raises:
        UsageError: The modality is no sequence of vectors; D is no multiple of the heads.
    """

    def __init__(
        self,
        modality: Modality,
        config: GridTransformerEncoderConfig,
        output: EncoderOutput = "vector",
    ) -> None:
        super().__init__()
        refuse_events("grid_transformer", modality)
        if len(modality.shape) != 2:
            raise UsageError(
                f"grid_transformer takes a sequence of vectors, modality {modality.name!r} has "
                f"shape {modality.shape}",
                "choose an encoder for vectors or images",
            )
        steps, values = modality.shape
        self.output, self.width = output, config.width
        self.embedding = nn.Linear(values, config.width)
        self.front: nn.Parameter | None = None
        if output == "tokens":
            self.tokens = steps
        elif config.pool == "class":
            self.front = nn.Parameter(0.02 * torch.randn(config.width))
        self.positions = nn.Parameter(0.02 * torch.randn(steps, config.width))
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(config.width, config.heads, config.dropout, "residual")
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, T, d) to (B, D) or (B, T, D)."""
        values = data.values.to(self.embedding.weight.dtype)
        keys = valid_steps(data)
        # What stands in padding must not reach the states, not even as NaN times zero.
        values = torch.where(keys[:, :, None], values, torch.zeros_like(values))
        states = self.embedding(values) + self.positions
        if self.front is not None:
            states = torch.cat([self.front.expand(len(states), 1, -1), states], dim=1)
            keys = torch.cat([torch.ones_like(keys[:, :1]), keys], dim=1)
        states = self.dropout(states)
        for layer in self.layers:
            states = layer(states, keys)
        states = self.norm(states)
        if self.output == "tokens":
            return torch.where(keys[:, :, None], states, torch.zeros_like(states))
        return states[:, 0] if self.front is not None else masked_mean(states, keys)


def valid_steps(data: ModalityData) -> Tensor:
    """Return which steps lie within a sample's length, (B, T) bool; all where none is told."""
    size, steps = data.values.shape[:2]
    at = torch.arange(steps, device=data.values.device)
    if data.lengths is None:
        return torch.ones(size, steps, dtype=torch.bool, device=data.values.device)
    return at < data.lengths[:, None]
