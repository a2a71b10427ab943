"""Task experts over the codes of modalities, some of them vectors, some of them maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmark.models.layers.dense_head import modality_tokens
from benchmark.models.layers.mtoe import TaskTokens
from benchmark.models.layers.task_routing import TaskRouting
from benchmark.models.layers.tokens import token_flags
from benchmark.models.layers.widths import common_width, to_width

if TYPE_CHECKING:
    from benchmark.models._config import MToESettings
    from benchmark.models.encoders._base import Encoder


@dataclass(frozen=True)
class Routed:
    """What task experts make of every modality.

    Attributes:
        tokens: Y of all tasks.
        counts: Tokens P_m of every modality.
        losses: The weighted regulariser.
    """

    tokens: TaskTokens
    counts: Sequence[int]
    losses: dict[str, Tensor]

    def vectors(self, task: int) -> Tensor:
        """Return the mean of every modality's tokens for a task, (B, M, D)."""
        parts = torch.split(self.tokens.of(task), list(self.counts), dim=1)
        return torch.stack([one.mean(dim=1) for one in parts], dim=1)

    def map(self, task: int, modality: int) -> Tensor:
        """Return the tokens of a modality for a task, (B, P_m, D)."""
        return modality_tokens(self.tokens.of(task), self.counts, modality)


class ModalityRouting(nn.Module):
    """Codes brought to one width, side by side through :class:`TaskRouting`.

    A modality whose encoder gives a vector is one token.

    Args:
        encoders: Of every modality, in order.
        tasks: T.
        width: D; None takes codes as they come.
        settings: Of the experts.

    Attributes:
        width: D.
    """

    def __init__(
        self, encoders: Sequence[Encoder], tasks: int, width: int | None, settings: MToESettings
    ) -> None:
        super().__init__()
        widths = [one.width for one in encoders]
        self.width = common_width(widths, width)
        self.counts = [one.tokens for one in encoders]
        self.project = to_width(widths, width)
        self.routing = TaskRouting(self.width, tasks, settings)

    def forward(self, codes: Sequence[Tensor], observed: Tensor) -> Routed:
        """Route codes.

        Args:
            codes: (B, D_m) or (B, P_m, D_m) of each modality.
            observed: (B, M) bool; what comes out for others must not be read.
        """
        tokens = [
            project(code if code.dim() == 3 else code[:, None])
            for project, code in zip(self.project, codes, strict=True)
        ]
        mask = token_flags(observed, self.counts)
        routed, losses = self.routing(torch.cat(tokens, dim=1), mask, self.counts)
        return Routed(routed, self.counts, losses)
