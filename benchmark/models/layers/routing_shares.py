"""How much of a task's routing each modality takes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from benchmark.models.layers.mtoe import TaskTokens


def routing_shares(routed: TaskTokens, counts: Sequence[int]) -> dict[str, Tensor]:
    r"""Return the share of each modality in the routing of each task, (B, T, M), in three ways.

    With w_j^t summed over a modality's tokens and divided by its sum over all tokens:

    - ``share:dispatch``: ``w_j^t = mean_a D[j,a,t]``;
    - ``share:combine``: ``w_j^t = sum_a C[j,a,t]``;
    - ``share:probability``: ``w_j^t = sum_a P(j,a,t)``.

    Rows sum to 1, and are zeros for a sample without tokens. They carry no gradient.

    Args:
        routed: What a mixture of task experts returned.
        counts: Tokens of every modality, in the order of the tokens.
    """
    weights = {
        "dispatch": routed.routing.dispatch.mean(dim=2),
        "combine": routed.routing.combine.sum(dim=2),
        "probability": routed.probabilities().sum(dim=2),
    }  # (B, L, T)
    return {f"share:{name}": _shares(one.detach(), counts) for name, one in weights.items()}


def _shares(weights: Tensor, counts: Sequence[int]) -> Tensor:
    parts = torch.stack([one.sum(dim=1) for one in weights.split(list(counts), dim=1)], dim=2)
    total = parts.sum(dim=2, keepdim=True)
    return parts / torch.where(total > 0, total, torch.ones_like(total))
