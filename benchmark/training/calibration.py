"""Weights of task gradients and scales of modality gradients."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def impartial_weights(gradients: Tensor) -> Tensor:
    r"""Return task weights whose combined gradient has the same projection on every task's own.

    ``g = sum_t w_t g_t`` with ``sum_t w_t = 1`` and ``<g, g_t / |g_t|>`` equal for all t (Liu et
    al., "Towards impartial multi-task learning", ICLR 2021). With the Gram matrix U of the unit
    vectors, ``w_t = v_t / |g_t|`` for ``U v = 1``, up to the constant that makes the sum 1; for two
    tasks ``w_1 = |g_2| / (|g_1| + |g_2|)``. Parallel gradients share their v evenly.

    Where that direction would climb all losses at once (the constant is not positive), every v is
    1, which levels the norms.

    Args:
        gradients: (T, N), none of them zero.

    Returns:
        (T,) float64; for three tasks or more some may be negative.
    """
    exact = gradients.to(torch.float64)
    norms = exact.norm(dim=1)
    units = exact / norms[:, None]
    v = torch.linalg.pinv(units @ units.T, hermitian=True, rtol=1e-9).sum(dim=1)
    total = (v / norms).sum()
    # Opposite gradients have v = 0, up to rounding.
    if not bool(total > 1e-9 * (1 / norms).sum()):
        v, total = torch.ones_like(norms), (1 / norms).sum()
    weights: Tensor = v / norms / total
    return weights


def updated_weights(previous: Tensor, gradients: Tensor, momentum: float) -> Tensor:
    """Return ``momentum * previous + (1 - momentum) * impartial`` weights, (T,) float64.

    A task without a gradient, e.g. without labels in the batch, keeps its weight; the others share
    what is left.

    Args:
        previous: (T,), with sum 1.
        gradients: (T, N).
        momentum: Share of ``previous``.
    """
    active = gradients.abs().amax(dim=1) > 0
    target = previous.clone()
    if bool(active.any()):
        target[active] = impartial_weights(gradients[active]) * previous[active].sum()
    return momentum * previous + (1 - momentum) * target


def branch_scales(norms: Tensor, rule: Literal["tanh", "match", "none"], strength: float) -> Tensor:
    """Return what the gradient of each modality's branch is multiplied by, (M,) in (0, 1].

    Args:
        norms: n, (M,), norms of the gradients that reach the branches; 0 where nothing does.
        rule: ``tanh``: ``1 - tanh(strength r_i)`` where ``r_i = n_i / mean_{j != i} n_j`` is above
            1, else 1; ``match``: the smallest positive norm over n_i; ``none``: 1.
        strength: Of ``tanh``.
    """
    ones = torch.ones_like(norms)
    reached = norms > 0
    if rule == "none" or int(reached.sum()) < 2:
        return ones
    if rule == "match":
        return torch.where(reached, norms[reached].min() / norms.where(reached, ones), ones)
    others = (norms.sum() - norms) / (len(norms) - 1)
    ratio = norms / others.where(others > 0, ones)
    return torch.where(ratio > 1, 1 - torch.tanh(strength * ratio), ones)
