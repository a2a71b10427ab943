"""Tokens of several modalities laid side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def token_flags(observed: Tensor, counts: Sequence[int]) -> Tensor:
    """Repeat each modality's flag for its tokens: (B, M) bool -> (B, sum of P_m)."""
    repeats = torch.tensor(counts, device=observed.device)
    return observed.repeat_interleave(repeats, dim=1, output_size=sum(counts))


def pool_modalities(tokens: Tensor, counts: Sequence[int], observed: Tensor) -> Tensor:
    """Average each modality's tokens and join the means; zeros where it is missing.

    Args:
        tokens: (B, sum of P_m, D).
        counts: P_m.
        observed: (B, M) bool.

    Returns:
        (B, M D).
    """
    means = torch.stack([part.mean(dim=1) for part in tokens.split(list(counts), dim=1)], dim=1)
    return torch.where(observed[:, :, None], means, torch.zeros_like(means)).flatten(1)
