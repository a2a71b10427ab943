"""Conditional mutual information between modalities and tasks, from routing logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Unit = Literal["token", "modality"]
Reduction = Literal["sum", "mean"]

#: Added inside the logarithm.
_INSIDE_LOG = 1e-10


def routing_probabilities(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return P(j, a, t | b): a softmax over all tokens, experts and tasks of a sample.

    Args:
        logits: (B, L, n, T).
        mask: (B, L) bool, tokens that take part; None is all. The others have probability 0, and
            so has everything in a sample without tokens.

    Returns:
        (B, L, n, T), of single precision at least.
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if mask is None:
        return wide.flatten(1).softmax(dim=1).view_as(wide)
    absent = ~mask[:, :, None, None]
    wide = wide.masked_fill(absent, torch.finfo(wide.dtype).min)
    return wide.flatten(1).softmax(dim=1).view_as(wide).masked_fill(absent, 0.0)


def mutual_information(joint: Tensor) -> Tensor:
    r"""Return ``I_b = sum_{i,t} P(i,t) log(P(i,t) / (P(i) P(t)) + 1e-10)`` in nats, (B,).

    Args:
        joint: P(i, t | b), (B, U, T); units of probability 0 add nothing.
    """
    product = joint.sum(dim=2, keepdim=True) * joint.sum(dim=1, keepdim=True)  # (B, U, T)
    known = product > 0
    ratio = joint / torch.where(known, product, torch.ones_like(product))
    # log(1) where nothing is known, so that neither value nor gradient is NaN.
    logs = torch.where(known, ratio + _INSIDE_LOG, torch.ones_like(ratio)).log()
    return (joint * logs).sum(dim=(1, 2))


def joint_of_units(probabilities: Tensor, counts: Sequence[int], unit: Unit) -> Tensor:
    """Sum experts out of P(j, a, t | b), and tokens too where the unit is the modality.

    Args:
        probabilities: (B, L, n, T).
        counts: Tokens of every modality, in the order of the tokens; they sum to L.
        unit: ``token`` keeps (B, L, T); ``modality`` gives (B, M, T).
    """
    joint = probabilities.sum(dim=2)
    if unit == "token":
        return joint
    return torch.stack([part.sum(dim=1) for part in joint.split(list(counts), dim=1)], dim=1)


def routing_regulariser(
    layers: Sequence[Tensor],
    counts: Sequence[int],
    unit: Unit = "token",
    reduction: Reduction = "sum",
) -> Tensor:
    """Return R, a scalar to be minimised: minus the information, averaged over layers.

    Args:
        layers: P(j, a, t | b) of every layer, (B, L, n, T).
        counts: Tokens of every modality, in the order of the tokens.
        unit: What stands for a modality: every ``token`` for itself, or all tokens of a
            ``modality`` together.
        reduction: ``sum`` or ``mean`` over the B samples.
    """
    information = torch.stack(
        [mutual_information(joint_of_units(one, counts, unit)) for one in layers]
    ).mean(dim=0)  # (B,)
    return -(information.sum() if reduction == "sum" else information.mean())
