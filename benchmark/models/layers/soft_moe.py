"""Soft mixture of experts: slots are weighted means of all tokens, tokens of all slots."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.models.layers.experts import Experts

#: Tokens shorter than this are divided by it, so that one of zeros has finite gradients.
_SHORTEST = 1e-6


@dataclass(frozen=True)
class Routing:
    """How L tokens and the p slots of each of n experts share one another.

    Attributes:
        logits: l, (B, L, n, p); those of tokens that take no part hold the lowest number.
        dispatch: D, (B, L, n, p); sums to 1 over the tokens that take part.
        combine: C, (B, L, n, p); sums to 1 over all slots, and is 0 for tokens that take no part.
    """

    logits: Tensor
    dispatch: Tensor
    combine: Tensor


class SoftRouter(nn.Module):
    r"""Dispatch and combine weights (Puigcerver et al. 2024, section 2.1 and appendix on scaling).

    With tokens x_j and slot parameters phi: ``l[j,a,b] = <x_j / |x_j|, s phi[:,a,b] / |phi|>``,
    ``D = softmax over j of l``, ``C = softmax over (a, b) of l``. ``D n p + 1`` parameters:
    phi from N(0, 1/D), s = 1.

    Args:
        width: D, of a token.
        experts: n.
        slots: p.
    """

    def __init__(self, width: int, experts: int, slots: int) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.randn(width, experts, slots) * width**-0.5)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Routing:
        """Weigh tokens against slots.

        Args:
            tokens: (B, L, D).
            mask: (B, L) bool, tokens that take part; None is all. Slots of a sample without any
                weigh every token by 0.
        """
        phi = self.scale * functional.normalize(self.phi, dim=0, eps=_SHORTEST)
        logits = torch.einsum("bld,dnp->blnp", normalised(tokens), phi)
        if mask is None:
            return Routing(logits, logits.softmax(dim=1), _over_slots(logits))
        absent = ~mask[:, :, None, None]
        # The lowest finite number, not -inf: a softmax over -inf alone would be NaN.
        logits = logits.masked_fill(absent, torch.finfo(logits.dtype).min)
        dispatch = logits.softmax(dim=1).masked_fill(absent, 0.0)
        return Routing(logits, dispatch, _over_slots(logits).masked_fill(absent, 0.0))


def normalised(tokens: Tensor) -> Tensor:
    """Return tokens (..., D) of length 1; zeros stay zeros."""
    return functional.normalize(tokens, dim=-1, eps=_SHORTEST)


def _over_slots(logits: Tensor) -> Tensor:
    return logits.flatten(2).softmax(dim=2).view_as(logits)


class SoftMoE(nn.Module):
    r"""Soft mixture of experts in place of a feed-forward block.

    ``u[a,b] = sum_j D[j,a,b] x_j``, ``v[a,b] = f_a(u[a,b])``, ``y_j = sum_{a,b} C[j,a,b] v[a,b]``,
    as batched products over all experts at once.

    Args:
        width: D, of a token.
        experts: n.
        slots: p, per expert.
        hidden: H, inner width of an expert.
        normalize_slot_inputs: Whether slots average tokens of length 1, as a much used PyTorch
            port does; else the tokens themselves, which are then normalised for the logits only.
    """

    def __init__(
        self,
        width: int,
        experts: int,
        slots: int,
        hidden: int,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.normalize_slot_inputs = normalize_slot_inputs
        self.router = SoftRouter(width, experts, slots)
        self.experts = Experts(experts, width, hidden)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform tokens.

        Args:
            tokens: (B, L, D).
            mask: (B, L) bool, tokens that take part; None is all. The others get zeros.

        Returns:
            (B, L, D).
        """
        routing = self.router(tokens, mask)
        slots = self.experts.slots(slot_inputs(tokens, routing, self.normalize_slot_inputs))
        return torch.einsum("blnp,bnpd->bld", routing.combine, slots)


def slot_inputs(tokens: Tensor, routing: Routing, normalize: bool) -> Tensor:
    """Return u, (B, n, p, D): the mean of tokens (B, L, D) by dispatch weights."""
    taken = normalised(tokens) if normalize else tokens
    return torch.einsum("blnp,bld->bnpd", routing.dispatch, taken)
