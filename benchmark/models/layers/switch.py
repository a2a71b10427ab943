"""Switch layer: every token goes to one expert, which takes a limited number of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.models.layers.experts import Experts

ExpertInit = Literal["linear", "stacked"]


@dataclass(frozen=True)
class Routing:
    """Where tokens go; G groups of N tokens.

    Attributes:
        expert: (G, N) int64.
        gate: (G, N) probability of that expert.
        slot: (G, N) int64 position among the expert's tokens, in the order of the group.
        kept: (G, N) bool, within the capacity.
        balance: (G,) loss, smallest where experts are used evenly.
    """

    expert: Tensor
    gate: Tensor
    slot: Tensor
    kept: Tensor
    balance: Tensor


class SwitchMoE(nn.Module):
    """Top-1 mixture of experts (Fedus et al., "Switch transformers", JMLR 2022, section 2).

    ``p = softmax(W x + b + noise)``, ``y = p_e Expert_e(x)`` with ``e = argmax p``. An expert takes
    the first ``ceil(c N / E)`` tokens of a group that come to it; the others get zeros. The balance
    loss of a group is ``E sum_e f_e P_e`` with f the share of kept tokens that went to e and P the
    sum of its probabilities over all tokens, divided by the number of kept ones. Experts are
    perceptrons with GELU of inner width 2 D whose biases start at zero.

    Parameters: ``E (4 D^2 + 3 D) + D E + E``.

    Args:
        width: D.
        experts: E.
        capacity_train: c in training.
        capacity_eval: c in evaluation; None takes every token, so that samples stay independent.
        noise: Half width of the uniform noise on the router's logits in training.
        init: Weights of the experts are uniform within ``1 / sqrt(fan-in)``: of one map
            (``linear``), or of the stack of all, far smaller (``stacked``, a defect of a release).
    """

    def __init__(
        self,
        width: int,
        experts: int,
        capacity_train: float = 1.2,
        capacity_eval: float | None = None,
        noise: float = 0.1,
        init: ExpertInit = "linear",
    ) -> None:
        super().__init__()
        self.count, self.noise = experts, noise
        self.capacity_train, self.capacity_eval = capacity_train, capacity_eval
        self.router = nn.Linear(width, experts)
        self.experts = Experts(experts, width, 2 * width)
        _initialise(self.experts, init)

    def forward(self, tokens: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Route G groups of N tokens.

        Args:
            tokens: (G, N, D).
            present: (G, N) bool; the others are not routed and get zeros.

        Returns:
            (G, N, D), and the balance loss of every group, (G,).
        """
        routing = self.route(tokens, present)
        room = int(routing.slot.where(routing.kept, -1).max()) + 1 if tokens.numel() else 0
        if room == 0:
            return torch.zeros_like(tokens), routing.balance
        # Groups share the experts: the slots of one group follow those of the one before.
        group = torch.arange(len(tokens), device=tokens.device)[:, None]
        place = ((routing.expert * len(tokens) + group) * room + routing.slot)[routing.kept]
        shape = (self.count, len(tokens) * room, tokens.shape[-1])
        sent = tokens.new_zeros(math.prod(shape[:2]), shape[2]).index_copy(
            0, place, tokens[routing.kept]
        )
        came = self.experts(sent.view(shape)).flatten(0, 1)[place]
        output = came.new_zeros(tokens.shape)
        gated = came * routing.gate[routing.kept][:, None].to(came.dtype)
        return output.index_put((routing.kept,), gated), routing.balance

    def route(self, tokens: Tensor, present: Tensor) -> Routing:
        """Choose an expert, a gate and a slot for every token; see :meth:`forward`."""
        logits = self.router(tokens)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        if self.training:
            # The release adds U(0.9, 1.1); the common 1 cancels in the softmax.
            logits = logits + torch.empty_like(logits).uniform_(-self.noise, self.noise)
        probabilities = logits.softmax(dim=-1) * present[..., None]
        gate, expert = probabilities.max(dim=-1)
        chosen = functional.one_hot(expert, self.count) * present[..., None]
        slot = (chosen.cumsum(dim=1) * chosen).sum(dim=-1) - 1
        kept = present & (slot < self._capacity(tokens.shape[1]))
        number = kept.sum(dim=1).clamp(min=1)[:, None]
        share = (chosen * kept[..., None]).sum(dim=1).to(probabilities.dtype) / number
        balance = self.count * (share * probabilities.sum(dim=1) / number).sum(dim=1)
        return Routing(expert, gate, slot, kept, balance)

    def _capacity(self, tokens: int) -> int:
        factor = self.capacity_train if self.training else self.capacity_eval
        return tokens if factor is None else math.ceil(factor * tokens / self.count)


def _initialise(experts: Experts, init: ExpertInit) -> None:
    """Biases are zero; ``stacked`` weights take the fan-in that torch reads off (E, out, in)."""
    nn.init.zeros_(experts.inner_bias)
    nn.init.zeros_(experts.outer_bias)
    if init == "stacked":
        for weight in (experts.inner, experts.outer):
            bound = (weight.shape[1] * weight.shape[2]) ** -0.5
            nn.init.uniform_(weight, -bound, bound)
