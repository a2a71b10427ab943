"""A mixture of task experts in the place where a host model reads one vector for all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

from benchmark.models.layers.mtoe import MToE, TaskTokens
from benchmark.models.layers.mutual_information import routing_regulariser

if TYPE_CHECKING:
    from benchmark.models._config import MToESettings


class TaskRouting(nn.Module):
    """MToE over a host's tokens, and its weighted regulariser.

    Args:
        width: D of a token.
        tasks: T.
        settings: Experts, depth, weight.
    """

    def __init__(self, width: int, tasks: int, settings: MToESettings) -> None:
        super().__init__()
        self.settings = settings
        self.mtoe = MToE(
            settings.depth,
            width,
            tasks,
            settings.experts,
            settings.heads,
            settings.hidden or 4 * width,
            residual=settings.residual,
            normalize_slot_inputs=settings.normalize_slot_inputs,
        )

    def forward(
        self, tokens: Tensor, mask: Tensor, counts: Sequence[int]
    ) -> tuple[TaskTokens, dict[str, Tensor]]:
        """Give every task its own tokens.

        Args:
            tokens: (B, L, D).
            mask: (B, L) bool, tokens that take part; what comes out for others must not be read.
            counts: Tokens of each modality, in their order.

        Returns:
            Y of all tasks, and ``{"mutual_information": alpha R}``, empty where alpha is 0.
        """
        outputs = self.mtoe(tokens, None if bool(mask.all()) else mask)
        if not self.settings.alpha:
            return outputs[-1], {}
        probabilities = [one.probabilities() for one in outputs]
        regulariser = routing_regulariser(
            probabilities, counts, self.settings.unit, self.settings.reduction
        )
        return outputs[-1], {"mutual_information": self.settings.alpha * regulariser}
