"""Coded events through a transformer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import EventTransformerEncoderConfig
from benchmark.models.layers.attention import CrossAttention
from benchmark.models.layers.tokens import masked_mean
from benchmark.models.layers.transformer import TransformerLayer

PADDING = 0


class EventTransformerEncoder(Encoder):
    r"""``x_i = Drop(E[c_i] + p(t_i))`` for code c_i at hour t_i, L pre-norm layers, a layer norm.

    ``p(t)`` holds sines and cosines of ``2 pi t / T_j``, with D/2 periods T_j spaced evenly in the
    logarithm from one hour to the longest. Code 0 is padding: it is never attended to and enters
    no mean. A vector is the mean state of the events, zeros where there is none; P tokens are P
    learned queries that attend to the states. The coded-event encoder of FLAME has the same parts
    (embedding, sinusoid of the hour, pre-norm layer), but reads all kinds of event at once.

    Args:
        modality: Says how many codes there are; its kind is ``events``, its shape (T, codes).
        config: D, L, heads, P.
        output: ``vector`` or ``tokens``.

    Raises:
        UsageError: The modality does not hold coded events; D is odd, or no multiple of the heads.
    """

    periods: Tensor

    def __init__(
        self,
        modality: Modality,
        config: EventTransformerEncoderConfig,
        output: EncoderOutput = "vector",
    ) -> None:
        super().__init__()
        if modality.kind != "events":
            raise UsageError(
                f"event_transformer takes coded events, modality {modality.name!r} is "
                f"{modality.kind}",
                "choose an encoder for numbers",
            )
        if config.width % 2:
            raise UsageError(f"event_transformer needs an even width, not {config.width}")
        self.output, self.width = output, config.width
        self.embedding = nn.Embedding(modality.shape[1], config.width, padding_idx=PADDING)
        self.register_buffer("periods", _periods(config.width // 2, config.period))
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(config.width, config.heads, config.dropout, "residual")
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        if output == "tokens":
            self.tokens = config.tokens
            self.queries = nn.Parameter(torch.randn(config.tokens, config.width) * 0.5)
            self.reader = CrossAttention(config.width, config.heads, config.dropout)

    def forward(self, data: ModalityData) -> Tensor:
        """Map codes (B, T) at hours (B, T) to (B, D) or (B, P, D); no times are hour 0."""
        keys = data.values != PADDING
        # Nobody has more events than the longest sequence of the batch.
        steps = int(keys.any(dim=0).nonzero().max()) + 1 if bool(keys.any()) else 1
        keys = keys[:, :steps]
        states = self.embedding(data.values[:, :steps])
        if data.times is not None:
            hours = data.times[:, :steps].to(states.dtype)
            angles = 2 * math.pi * hours[:, :, None] / self.periods.to(states.dtype)
            states = states + torch.cat([angles.sin(), angles.cos()], dim=2)
        states = self.dropout(states)
        for layer in self.layers:
            states = layer(states, keys)
        states = self.norm(states)
        if self.output == "vector":
            return masked_mean(states, keys)
        read: Tensor = self.reader(self.queries.expand(len(states), -1, -1), states, keys)
        return read


def _periods(count: int, longest: float) -> Tensor:
    """Return periods in hours, evenly spaced in the logarithm from 1 to the longest."""
    return torch.logspace(0, math.log10(longest), count) if count > 1 else torch.tensor([longest])
