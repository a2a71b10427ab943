"""Sparse mixture of experts: every token goes to its k best experts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.models.layers.experts import Experts

Gate = Literal["linear", "laplace"]
Noise = Literal["none", "fixed"]
Normalisation = Literal["chosen", "all"]
Combination = Literal["sum", "log"]
Method = Literal["auto", "dense", "grouped"]


@dataclass(frozen=True)
class Gating:
    """Where N tokens go among n experts.

    Attributes:
        clean: Logits without noise, (N, n).
        noisy: Logits that chose; equal to ``clean`` in evaluation.
        gates: Weights, (N, n); 0 where an expert was not chosen.
        chosen: (N, n) bool.
        std: Deviation of the noise; None without noise.
    """

    clean: Tensor
    noisy: Tensor
    gates: Tensor
    chosen: Tensor
    std: float | None


class TopKRouter(nn.Module):
    r"""Chooses k of n experts for every token (Shazeer et al. 2017, section 2.1).

    Clean logits are ``W x`` (``linear``, no bias) or ``-|x - w_a|`` (``laplace``; Han et al.,
    "FuseMoE", 2024). In training ``fixed`` noise from N(0, 1/n^2) is added (Riquelme et al. 2021).
    Gates are a softmax over the chosen logits, or over ``all`` of which the chosen are kept as they
    are. ``n D`` parameters; W starts as N(0, 1/D).

    Args:
        width: D.
        experts: n.
        gate: How a token is compared with an expert.
        noise: Added to the logits in training.
        normalise: What the softmax runs over.
    """

    def __init__(
        self,
        width: int,
        experts: int,
        gate: Gate = "linear",
        noise: Noise = "none",
        normalise: Normalisation = "chosen",
    ) -> None:
        super().__init__()
        self.gate, self.noise, self.normalise = gate, noise, normalise
        self.weight = nn.Parameter(torch.randn(experts, width) * width**-0.5)

    def forward(self, tokens: Tensor, k: int, mask: Tensor | None = None) -> Gating:
        """Route tokens.

        Args:
            tokens: (N, D).
            k: Experts per token; more than n is n.
            mask: (N,) bool, tokens that are routed at all; None is all.
        """
        clean = self._logits(tokens)
        std = None if self.noise == "none" else 1 / len(self.weight)
        noisy = clean
        if self.training and std is not None:
            noisy = clean + std * torch.randn_like(clean)
        best = noisy.topk(min(k, noisy.shape[1]), dim=1).indices
        chosen = torch.zeros_like(noisy, dtype=torch.bool).scatter(1, best, True)
        if self.normalise == "chosen":
            gates = noisy.masked_fill(~chosen, -math.inf).softmax(dim=1)
        else:
            gates = noisy.softmax(dim=1) * chosen
        if mask is not None:
            chosen = chosen & mask[:, None]
            gates = gates.masked_fill(~mask[:, None], 0.0)
        return Gating(clean, noisy, gates, chosen, std)

    def _logits(self, tokens: Tensor) -> Tensor:
        if self.gate == "linear":
            linear: Tensor = functional.linear(tokens, self.weight)
            return linear
        # The exact difference: the matrix product that cdist may take loses digits near zero.
        mode = "donot_use_mm_for_euclid_dist"
        distances: Tensor = torch.cdist(tokens, self.weight.to(tokens.dtype), compute_mode=mode)
        return -distances


def importance(gating: Gating, mask: Tensor | None = None) -> Tensor:
    """Return each expert's gate summed over tokens, from a softmax over all clean logits, (n,)."""
    shares = gating.clean.softmax(dim=1)
    return (shares if mask is None else shares * mask[:, None]).sum(dim=0)


def load(gating: Gating, k: int, mask: Tensor | None = None) -> Tensor:
    """Return the expected number of tokens of each expert were the noise drawn again, (n,).

    The chance of expert a is that of its clean logit with new noise to exceed the k-th best noisy
    logit of the token (Riquelme et al. 2021, appendix A).

    Raises:
        ValueError: The router has no noise.
    """
    if gating.std is None:
        raise ValueError("the load is defined for a router with noise")
    least = gating.noisy.topk(min(k, gating.noisy.shape[1]), dim=1).values[:, -1:]
    chance: Tensor = 0.5 * torch.special.erfc((least - gating.clean) / (gating.std * math.sqrt(2)))
    return (chance if mask is None else chance * mask[:, None]).sum(dim=0)


def unevenness(amounts: Tensor) -> Tensor:
    """Return the squared coefficient of variation of (n,): variance / mean^2, with divisor n.

    Without any amount, or for one expert, it is 0.
    """
    mean = amounts.mean()
    spread = (amounts - mean).square().mean()
    tiny = math.sqrt(torch.finfo(amounts.dtype).tiny)
    return spread / (mean.square() + tiny)


def mixture(
    experts: Experts,
    tokens: Tensor,
    gates: Tensor,
    chosen: Tensor,
    combination: Combination = "sum",
    method: Method = "auto",
) -> Tensor:
    r"""Return what each token's chosen experts say, (N, D); zeros for a token without any.

    ``sum``: ``sum_a g_a f_a(x)``; ``log``: ``log sum_a g_a exp(f_a(x))``.

    Args:
        experts: n of them.
        tokens: (N, D).
        gates: (N, n).
        chosen: (N, n) bool; other gates are not read.
        combination: How outputs of one token are joined.
        method: ``dense`` has every expert see every token, ``grouped`` only those that chose it, in
            groups as long as the longest; ``auto`` takes the first where it saves at most half.
    """
    if method == "auto":
        method = "dense" if experts.count <= 2 else "grouped"
    if method == "dense" and combination == "sum":
        everything = experts(tokens.expand(experts.count, *tokens.shape))
        return torch.einsum("nkd,kn->kd", everything, gates.masked_fill(~chosen, 0.0))
    pairs = chosen.T.nonzero()  # by expert, then by token
    expert, token = pairs[:, 0], pairs[:, 1]
    if method == "dense":
        said = experts(tokens.expand(experts.count, *tokens.shape))[expert, token]
    else:
        said = _grouped(experts, tokens, chosen, expert, token)
    gate = gates[token, expert][:, None]
    if combination == "sum":
        return torch.zeros_like(tokens).index_add(0, token, (gate * said).to(tokens.dtype))
    return _log_sum(tokens, token, said, gate)


def _grouped(
    experts: Experts, tokens: Tensor, chosen: Tensor, expert: Tensor, token: Tensor
) -> Tensor:
    """Return the output of each pair of expert and token, (P, D)."""
    counts = chosen.sum(dim=0)
    longest = int(counts.max()) if counts.numel() else 0
    if longest == 0:
        return tokens[token]
    before = counts.cumsum(0) - counts
    place = torch.arange(len(token), device=token.device) - before[expert]
    groups = tokens.new_zeros(experts.count, longest, tokens.shape[1])
    groups = groups.index_put((expert, place), tokens[token])
    outputs: Tensor = experts(groups)
    return outputs[expert, place]


def _log_sum(tokens: Tensor, token: Tensor, said: Tensor, gate: Tensor) -> Tensor:
    """Join pairs by log sum g exp(f), relative to the largest f of each token."""
    index = token[:, None].expand_as(said)
    lowest = torch.full_like(tokens, -math.inf)
    largest = lowest.scatter_reduce(0, index, said.detach().to(tokens.dtype), "amax")
    base = largest.masked_fill(largest == -math.inf, 0.0)
    terms = gate * (said - base[token]).exp()
    total = torch.zeros_like(tokens).index_add(0, token, terms.to(tokens.dtype))
    some = largest > -math.inf
    return torch.where(some, torch.where(some, total, 1.0).log() + base, 0.0)
