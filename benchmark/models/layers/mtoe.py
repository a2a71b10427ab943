"""Mixture of task experts: every expert has one slot per task, tasks keep their outputs apart."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.models.layers.attention import FusedSelfAttention
from benchmark.models.layers.experts import Experts
from benchmark.models.layers.mutual_information import routing_probabilities
from benchmark.models.layers.soft_moe import Routing, SoftRouter, slot_inputs


@dataclass(frozen=True)
class TaskTokens:
    """What a mixture of task experts returns for T tasks, not yet written out.

    Y of all tasks has T times the size of the tokens, while most models need its mean over tokens
    only, which commutes with the combination of slots; so ask for what you need.

    Attributes:
        routing: Weights of token j, expert a and task t, each (B, L, n, T).
        slots: v, (B, n, T, D), outputs of the experts.
        skip: Added to every task's output, (B, L, D); None where there is nothing to add.
        mask: (B, L) bool, tokens that take part; None is all.
    """

    routing: Routing
    slots: Tensor
    skip: Tensor | None
    mask: Tensor | None

    def of(self, task: int) -> Tensor:
        """Return Y_t, (B, L, D), of the task with this number."""
        combined = torch.einsum(
            "bln,bnd->bld", self.routing.combine[..., task], self.slots[:, :, task]
        )
        return combined if self.skip is None else self.skip + combined

    def each(self) -> Tensor:
        """Return Y of all tasks, (B, T, L, D)."""
        combined = torch.einsum("blnt,bntd->btld", self.routing.combine, self.slots)
        return combined if self.skip is None else self.skip[:, None] + combined

    def together(self) -> Tensor:
        """Return the sum over tasks, which is an ordinary soft mixture's output, (B, L, D)."""
        combined = torch.einsum("blnt,bntd->bld", self.routing.combine, self.slots)
        return combined if self.skip is None else self.skip + combined

    def pooled(self) -> Tensor:
        """Return the mean of each task's Y over the tokens that take part, (B, T, D).

        A sample without tokens has zeros.
        """
        weights = mean_weights(self.routing.combine[:, :, 0, 0], self.mask)  # (B, L)
        shares = torch.einsum("bl,blnt->bnt", weights, self.routing.combine)
        mean = torch.einsum("bnt,bntd->btd", shares, self.slots)
        if self.skip is None:
            return mean
        return mean + torch.einsum("bl,bld->bd", weights, self.skip)[:, None]

    def probabilities(self) -> Tensor:
        """Return P(token, expert, task | sample), (B, L, n, T); zeros without tokens."""
        return routing_probabilities(self.routing.logits, self.mask)


def mean_weights(like: Tensor, mask: Tensor | None) -> Tensor:
    """Return what to weigh L tokens by for the mean of those that take part.

    Args:
        like: (B, L), gives type and device.
        mask: (B, L) bool; None is all.

    Returns:
        (B, L); zeros for a sample without tokens.
    """
    if mask is None:
        return torch.full_like(like, 1 / like.shape[1])
    taking = mask.to(like.dtype)
    return taking / taking.sum(dim=1, keepdim=True).clamp(min=1)


class TaskMoE(nn.Module):
    r"""Soft mixture of n experts with one slot per task and a learned vector e_t of each task.

    ``u[a,t] = sum_j D[j,a,t] x_j + e_t``, ``v[a,t] = f_a(u[a,t])``,
    ``y_j^(t) = sum_a C[j,a,t] v[a,t]``: experts are shared by the tasks, outputs are not. C sums to
    1 over experts and tasks together, so that ``sum_a C[j,a,t]`` is token j's share for task t.
    ``n (2 D H + H + D) + D n T + 1 + T D`` parameters; e_t starts at 0.

    Args:
        width: D, of a token.
        tasks: T.
        experts: n.
        hidden: H, inner width of an expert.
        normalize_slot_inputs: See :class:`benchmark.models.layers.soft_moe.SoftMoE`.
    """

    def __init__(
        self,
        width: int,
        tasks: int,
        experts: int,
        hidden: int,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.normalize_slot_inputs = normalize_slot_inputs
        self.router = SoftRouter(width, experts, tasks)
        self.experts = Experts(experts, width, hidden)
        self.vectors = nn.Parameter(torch.zeros(tasks, width))

    def forward(
        self, tokens: Tensor, mask: Tensor | None = None, skip: Tensor | None = None
    ) -> TaskTokens:
        """Route tokens through the experts.

        Args:
            tokens: (B, L, D).
            mask: (B, L) bool, tokens that take part; None is all. The others get zeros.
            skip: (B, L, D), added to every task's output.
        """
        routing = self.router(tokens, mask)
        inputs = slot_inputs(tokens, routing, self.normalize_slot_inputs)
        return TaskTokens(routing, self.experts.slots(inputs + self.vectors), skip, mask)


class MToEBlock(nn.Module):
    r"""``h = x + Attn(LN1 x)``, ``Y_t = h + TaskMoE_t(LN2 h)`` for every task t.

    ``4 D^2 + 8 D`` parameters for attention and norms besides those of :class:`TaskMoE`.

    Args:
        width: D, of a token.
        tasks: T.
        experts: n.
        heads: Attention heads, a divisor of D.
        hidden: H, inner width of an expert.
        residual: Whether h is added to every task's output.
        normalize_slot_inputs: See :class:`benchmark.models.layers.soft_moe.SoftMoE`.
    """

    def __init__(
        self,
        width: int,
        tasks: int,
        experts: int,
        heads: int,
        hidden: int,
        residual: bool = True,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.attention_norm = nn.LayerNorm(width)
        self.attention = FusedSelfAttention(width, heads)
        self.moe_norm = nn.LayerNorm(width)
        self.moe = TaskMoE(width, tasks, experts, hidden, normalize_slot_inputs)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> TaskTokens:
        """Give every task its own view of the tokens.

        Args:
            tokens: (B, L, D), of all modalities.
            mask: (B, L) bool, tokens that take part; None is all. Nothing reads the others, and
                what comes out in their places must not be read either.
        """
        hidden = tokens + self.attention(self.attention_norm(tokens), mask)
        skip = hidden if self.residual else None
        routed: TaskTokens = self.moe(self.moe_norm(hidden), mask, skip)
        return routed


class MToE(nn.Module):
    """A stack of L mixtures of task experts; only the last one keeps the tasks apart.

    Earlier blocks pass on the sum over tasks, an ordinary soft mixture's output, with the
    residual: C is normalised over experts and tasks together.

    Args:
        depth: L.
        width: D, of a token.
        tasks: T.
        experts: n.
        heads: Attention heads, a divisor of D.
        hidden: H, inner width of an expert.
        residual: Whether the last block's skip connection is added to every task's output.
        normalize_slot_inputs: See :class:`benchmark.models.layers.soft_moe.SoftMoE`.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        tasks: int,
        experts: int,
        heads: int,
        hidden: int,
        residual: bool = True,
        normalize_slot_inputs: bool = True,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            MToEBlock(
                width,
                tasks,
                experts,
                heads,
                hidden,
                residual or layer + 1 < depth,
                normalize_slot_inputs,
            )
            for layer in range(depth)
        )

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> list[TaskTokens]:
        """Return what every block gives, the last one's being Y; see :class:`MToEBlock`."""
        outputs: list[TaskTokens] = []
        for block in self.blocks:
            outputs.append(block(tokens if not outputs else outputs[-1].together(), mask))
        return outputs
