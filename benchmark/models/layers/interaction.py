"""Losses on what masking a modality does to a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

#: Of ``torch.nn.TripletMarginLoss`` in the release.
MARGIN, EPS = 1.0, 1e-7


@dataclass(frozen=True)
class Interaction:
    """Predictions of E experts with everything there, and with one modality masked at a time.

    Attributes:
        full: (E, B, C).
        masked: (E, K, B, C); in pass k the modality ``modalities[k]`` is masked.
        modalities: Positions of the masked modalities.
        observed: (B, M) bool. Masking what is missing changes nothing, so means run over the
            samples that have the modalities concerned; a mean over none is 0.
    """

    full: Tensor
    masked: Tensor
    modalities: Sequence[int]
    observed: Tensor

    def has(self) -> Tensor:
        """Return (K, B) of 0 and 1: whether a sample has the modality of a pass."""
        return self.observed[:, list(self.modalities)].T.to(self.full.dtype)


def contrast_losses(pairs: Interaction, names: Sequence[str]) -> Tensor:
    """Triplet and cosine losses of classifiers, one per expert.

    With prediction ``y`` and ``y_m`` under masked modality m, eps = 1e-7 and means over samples:

    - uniqueness of i: ``mean_{m != i} max(|y - y_m + eps| - |y - y_i + eps| + 1, 0)``;
    - synergy: ``mean_m cos(y, y_m)``; redundancy: ``mean_m (1 - cos(y, y_m))``.

    Args:
        pairs: Predictions.
        names: By expert: ``synergy``, ``redundancy`` or the position of a modality as a string.

    Returns:
        (E,).
    """
    distances = torch.linalg.vector_norm(pairs.full[:, None] - pairs.masked + EPS, dim=-1)
    cosines = functional.cosine_similarity(pairs.full[:, None], pairs.masked, dim=-1, eps=1e-12)
    has, losses = pairs.has(), []
    for e, name in enumerate(names):
        if name in ("synergy", "redundancy"):
            mean = _mean(cosines[e] if name == "synergy" else 1 - cosines[e], has).mean()
            losses.append(mean)
        else:
            hinge = (distances[e] - _own(distances[e], pairs, name) + MARGIN).clamp(min=0)
            losses.append(_others(hinge, has, pairs, name))
    return torch.stack(losses)


def distance_losses(pairs: Interaction, names: Sequence[str], synergy_sign: int) -> Tensor:
    """Squared-error losses of regressions, one per expert.

    - uniqueness of i: ``mean_{m != i} [(y - y_m)^2 - (y - y_i)^2]``, without a lower bound;
    - redundancy: ``mean_m (y - y_m)^2``; synergy: the same times ``synergy_sign``.

    Args:
        pairs: Predictions; the square is a mean over C.
        names: As in :func:`contrast_losses`.
        synergy_sign: -1, or 1 as in a release.

    Returns:
        (E,).
    """
    squares = (pairs.full[:, None] - pairs.masked).square().mean(dim=-1)
    has, losses = pairs.has(), []
    for e, name in enumerate(names):
        if name in ("synergy", "redundancy"):
            mean = _mean(squares[e], has).mean()
            losses.append(synergy_sign * mean if name == "synergy" else mean)
        else:
            losses.append(_others(squares[e] - _own(squares[e], pairs, name), has, pairs, name))
    return torch.stack(losses)


def _own(values: Tensor, pairs: Interaction, name: str) -> Tensor:
    """Return the row of (K, B) where the expert's own modality is masked; zeros if it is not."""
    if int(name) not in pairs.modalities:
        return torch.zeros_like(values[0])
    return values[list(pairs.modalities).index(int(name))]


def _others(values: Tensor, has: Tensor, pairs: Interaction, name: str) -> Tensor:
    """Average (K, B) over the passes of other modalities, for samples that have both."""
    own = int(name)
    kept = [k for k, m in enumerate(pairs.modalities) if m != own]
    if own not in pairs.modalities or not kept:
        return values.sum() * 0.0
    both = has[kept] * pairs.observed[:, own].to(has.dtype)
    return _mean(values[kept], both).mean()


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Average (K, B) over samples of weight 1: (K,)."""
    return (values * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
