"""Both bounds of mutual information over all modalities."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from benchmark.models.layers.club import CLUB, club_bound, club_likelihood_loss
from benchmark.models.layers.info_nce import InfoNCE, info_nce_bound


class Estimators(nn.Module):
    """One CLUB per pair of modalities, one InfoNCE critic per modality against the fusion.

    Features are normalised (zero mean, unit variance over D) before they are measured, so that a
    bound cannot be moved by their scale. Rows that lack a modality are left out of its terms; a
    term with fewer than two rows is 0.

    Args:
        modalities: M.
        width: D.
        hidden: Inner width.
    """

    def __init__(self, modalities: int, width: int, hidden: int) -> None:
        super().__init__()
        self.width = width
        self.pairs = list(combinations(range(modalities), 2))
        self.upper = nn.ModuleList(CLUB(width, hidden) for _ in self.pairs)
        self.lower = nn.ModuleList(InfoNCE(width, hidden) for _ in range(modalities))

    def bounds(self, features: Tensor, fused: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums of upper and of lower bounds, whose gradients reach the features only.

        Args:
            features: (B, M, D), one per modality.
            fused: (B, D).
            observed: (B, M) bool.
        """
        upper, lower = self._scores(features, fused, observed, frozen=True)
        none = features.new_zeros(())
        return (
            torch.stack([none, *map(club_bound, upper)]).sum(),
            torch.stack([none, *map(info_nce_bound, lower)]).sum(),
        )

    def loss(self, features: Tensor, fused: Tensor, observed: Tensor) -> Tensor:
        """Return what the estimators minimise; gradients reach the estimators only.

        It is the negative log-likelihood of every CLUB, per dimension, minus every lower bound.
        """
        parts = self._scores(features.detach(), fused.detach(), observed, frozen=False)
        fits = [club_likelihood_loss(one) / self.width for one in parts[0]]
        gains = [-info_nce_bound(one) for one in parts[1]]
        return torch.stack([features.new_zeros(()), *fits, *gains]).sum()

    def _scores(
        self, features: Tensor, fused: Tensor, observed: Tensor, frozen: bool
    ) -> tuple[list[Tensor], list[Tensor]]:
        # Differences of large numbers, which bfloat16 cannot hold.
        with torch.autocast(features.device.type, enabled=False):
            return self._exact_scores(features, fused, observed, frozen)

    def _exact_scores(
        self, features: Tensor, fused: Tensor, observed: Tensor, frozen: bool
    ) -> tuple[list[Tensor], list[Tensor]]:
        normed = [_normed(one) for one in features.unbind(dim=1)]
        upper, lower = [], []
        for (m, n), club in zip(self.pairs, self.upper, strict=True):
            both = observed[:, m] & observed[:, n]
            if int(both.sum()) > 1:
                upper.append(_measure(club, normed[m][both], normed[n][both], frozen))
        whole = _normed(fused)
        for m, critic in enumerate(self.lower):
            own = observed[:, m]
            if int(own.sum()) > 1:
                lower.append(_measure(critic, whole[own], normed[m][own], frozen))
        return upper, lower


def _measure(estimator: nn.Module, x: Tensor, y: Tensor, frozen: bool) -> Tensor:
    if not frozen:
        measured: Tensor = estimator(x, y)
        return measured
    weights = {name: one.detach() for name, one in estimator.named_parameters()}
    held: Tensor = functional_call(estimator, weights, (x, y))
    return held


def _normed(features: Tensor) -> Tensor:
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    return functional.layer_norm(wide, wide.shape[-1:])
