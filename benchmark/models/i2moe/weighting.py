"""How much each expert counts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmark.models.i2moe.config import I2MoEConfig
from benchmark.models.layers.mlp import mlp


class Weighting(nn.Module):
    """``w = softmax(MLP([z_1; ...; z_M]) / T)`` with each modality's mean token z, or global w.

    Global weights are ``softmax(theta)``, theta starting at ``1 / E``. Parameters for codes of
    width D: ``(M D + 1) E`` with one layer, else
    ``(M D + 1) H + (layers - 2) (H^2 + H) + (H + 1) E``.

    Args:
        widths: D of every modality.
        experts: E.
        config: Layers, H, dropout, T.
    """

    def __init__(self, widths: Sequence[int], experts: int, config: I2MoEConfig) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.theta = self.layers = None
        if config.weighting == "global":
            self.theta = nn.Parameter(torch.full((experts,), 1 / experts))
        else:
            hidden = [config.weight_hidden] * (config.weight_layers - 1)
            self.layers = mlp(sum(widths), hidden, experts, config.weight_dropout, "relu")

    def forward(self, codes: Sequence[Tensor]) -> Tensor:
        """Return weights (B, E) from (B, D) or (B, P, D) codes."""
        if self.theta is not None:
            return self.theta.softmax(dim=0).expand(len(codes[0]), -1)
        assert self.layers is not None
        pooled = [code.mean(dim=1) if code.dim() == 3 else code for code in codes]
        logits: Tensor = self.layers(torch.cat(pooled, dim=1))
        wide = torch.promote_types(logits.dtype, torch.float32)
        return (logits / self.temperature).softmax(dim=1, dtype=wide)
