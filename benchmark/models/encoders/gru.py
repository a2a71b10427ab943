"""Recurrent network over a sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import GRUEncoderConfig
from benchmark.models.layers.patches import PatchEmbedding


class GRUEncoder(Encoder):
    """The last state of a one-layer GRU (Cho et al. 2014), cut into patches or as it is.

    With lengths, the last state is that after a sample's last valid step; a sequence of no steps
    has a state of zeros. The MOSI encoders of I2MoE (Xin et al., ICML 2025): a state of 256 for
    tokens, of D for a vector. Parameters for d features per step and a state of K:
    ``3 (d K + K^2 + 2 K)``, and ``(ceil(K / P) + 1) D`` for tokens.

    Args:
        modality: Says d; its shape is (T, d).
        config: State, D, P.
        output: ``tokens`` cuts the state into patches; ``vector`` has a state of D.

    Raises:
        UsageError: The modality is no sequence of vectors.
    """

    def __init__(
        self, modality: Modality, config: GRUEncoderConfig, output: EncoderOutput = "vector"
    ) -> None:
        super().__init__()
        refuse_events("gru", modality)
        if len(modality.shape) != 2:
            raise UsageError(
                f"gru takes a sequence of vectors, modality {modality.name!r} has shape "
                f"{modality.shape}",
                "choose an encoder for vectors or images",
            )
        self.output, self.width = output, config.width
        state = config.hidden if output == "tokens" else config.width
        self.gru = nn.GRU(modality.shape[1], state, batch_first=True)
        self.readout: nn.Module = nn.Identity()
        if output == "tokens":
            self.tokens = config.patches
            self.readout = PatchEmbedding(state, config.patches, config.width)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, T, d) to (B, D) or (B, P, D)."""
        states, last = self.gru(data.values.to(next(self.parameters()).dtype))
        state = last[0] if data.lengths is None else _after(states, data.lengths)
        encoded: Tensor = self.readout(state)
        return encoded


def _after(states: Tensor, lengths: Tensor) -> Tensor:
    """Pick the state after each sample's last step from (B, T, K)."""
    rows = torch.arange(len(states), device=states.device)
    state = states[rows, (lengths - 1).clamp(min=0)]
    return torch.where((lengths > 0)[:, None], state, torch.zeros_like(state))
