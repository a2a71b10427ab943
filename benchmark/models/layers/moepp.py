"""Mixture of feed-forward and parameter-light experts (MoE++)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Two constant experts, one that copies, one that gives zero.
LIGHT = 4
INNER = 64


class PathwayRouter(nn.Module):
    """``r = V tanh(U x) + G r'`` with the logits r' of the layer before.

    Parameters ``8 D E + 8 E^2``, and ``E^2`` for G; a first layer has no G.

    Args:
        width: D.
        experts: E.
        residual: Whether there is a G.
    """

    def __init__(self, width: int, experts: int, residual: bool) -> None:
        super().__init__()
        self.first = nn.Linear(width, 8 * experts, bias=False)
        self.second = nn.Linear(8 * experts, experts, bias=False)
        self.pathway = nn.Linear(experts, experts, bias=False) if residual else None

    def forward(self, tokens: Tensor, before: Tensor | None) -> Tensor:
        """Return logits (..., E) of tokens (..., D)."""
        logits: Tensor = self.second(self.first(tokens).tanh())
        if self.pathway is not None and before is not None:
            logits = logits + self.pathway(before)
        return logits


class MoEPP(nn.Module):
    """Top-2 mixture of E - 4 feed-forward experts, 2 constants, a copy and nothing.

    Gates are the softmax of the router's logits at the two best experts; that of the zero expert
    counts as 0, and the others are divided by their sum. Experts see ``2 x``: SwiGLU
    ``W2 (silu(a) b)`` with ``[a; b] = W1 x`` of width 64, all from one draw; constants
    ``c_1 x + c_2 v`` with ``c = softmax(W x)``; ``x``; 0.

    Parameters besides the router: ``(E - 4) 192 D + 6 D``.

    Args:
        width: D.
        experts: E, at least 4.
        residual: Whether the router reads the logits of the layer before.
    """

    def __init__(self, width: int, experts: int, residual: bool) -> None:
        super().__init__()
        self.router = PathwayRouter(width, experts, residual)
        self.full = experts - LIGHT
        if self.full:
            first, second = nn.Linear(width, 2 * INNER), nn.Linear(INNER, width)
            self.first = nn.Parameter(first.weight.detach().T.repeat(self.full, 1, 1))
            self.second = nn.Parameter(second.weight.detach().T.repeat(self.full, 1, 1))
        self.shares = nn.Linear(width, 2 * 2, bias=False)
        self.constants = nn.Parameter(torch.randn(2, width))

    def forward(self, tokens: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mix experts.

        Args:
            tokens: (N, T, D).
            before: (N, T, E) logits of the layer before, if there is one.

        Returns:
            (N, T, D), and this layer's logits (N, T, E).
        """
        logits = self.router(tokens, before)
        gates = self.gates(logits).to(tokens.dtype)
        doubled = 2 * tokens
        shares = (
            self.shares(doubled).unflatten(-1, (2, 2)).softmax(dim=-1)
            * gates[..., self.full : self.full + 2, None]
        )
        # Both constants and the copy in one: what multiplies x, and what multiplies each v.
        copied = shares[..., 0].sum(dim=-1) + gates[..., self.full + 2]
        mixed = copied[..., None] * doubled + shares[..., 1] @ self.constants.to(shares.dtype)
        if self.full:
            mixed = mixed + self._feed_forward(doubled, gates[..., : self.full])
        return mixed, logits

    @staticmethod
    def gates(logits: Tensor) -> Tensor:
        """Turn logits (..., E) into gates of which at most two are not zero."""
        wide = torch.promote_types(logits.dtype, torch.float32)
        probabilities = logits.softmax(dim=-1, dtype=wide)
        best, index = probabilities.topk(2, dim=-1)
        best = best * (index != logits.shape[-1] - 1)  # the zero expert takes no share
        # The zero expert may have it all: then nothing is left to share, and not 0 / 0.
        tiny = torch.finfo(wide).tiny
        best = best / best.sum(dim=-1, keepdim=True).clamp(min=tiny)
        return torch.zeros_like(probabilities).scatter(-1, index, best)

    def _feed_forward(self, tokens: Tensor, gates: Tensor) -> Tensor:
        """Every feed-forward expert sees every token: there are few, and they are narrow."""
        flat, shape = tokens.flatten(0, -2), tokens.shape
        inner = torch.matmul(flat, self.first)  # (E - 4, N T, 128)
        value, gate = inner.chunk(2, dim=-1)
        hidden = functional.silu(value) * gate * gates.flatten(0, -2).T[..., None]
        return torch.matmul(hidden, self.second).sum(dim=0).view(shape)
