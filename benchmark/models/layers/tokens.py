"""Tokens of several modalities laid side by side, and what sums them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from benchmark.models.encoders._base import Encoder


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


def masked_mean(tokens: Tensor, keys: Tensor) -> Tensor:
    """Average the tokens (B, T, D) that ``keys`` (B, T) lets through; zeros where there is none."""
    weights = keys.to(tokens.dtype)[:, :, None]
    kept = torch.where(keys[:, :, None], tokens, torch.zeros_like(tokens))
    return kept.sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def summary(codes: Tensor, encoder: Encoder) -> Tensor:
    """Return one vector of what an encoder gave.

    Args:
        codes: (B, D), or (B, P, D).
        encoder: Says whether the first token is a class token, which then sums up the others;
            else their mean does, the global average of a feature map.

    Returns:
        (B, D).
    """
    if codes.dim() == 2:
        return codes
    return codes[:, 0] if encoder.prefix_tokens else codes.mean(dim=1)
