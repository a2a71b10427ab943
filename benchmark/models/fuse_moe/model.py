"""Fuse-MoE: sparse experts with a Laplace gate over the features of all modalities.

Paper: Han et al., "FuseMoE: Mixture-of-Experts Transformers for Fleximodal Fusion" (NeurIPS 2024),
as a baseline of M4oE (ICLR 2025), Tables 7 to 11 and 13. Its code was read in public forks.

Stated: modality encoders, a Laplace gate, top-k sparse experts, routers for all modalities
together, for each, or with experts of their own (``router``), the sum weighted by gates, a balance
term.
Stated otherwise in the forks, hence ``combination``: ``log`` of the weighted sum of exponentials.
Inferred from the forks: layers of self-attention per modality, the mixture on flattened features,
then a feed-forward block of 4 D per modality, each normalised before; 16 experts, 4 of them chosen,
inner width 512, 3 layers, 8 heads, width 128, balance 0.01.
Inferred: the mean over tokens, a last normalisation, linear heads on all means; the printed 2.1
billion parameters fit several settings (``unit``, ``experts``), none of them determined.
Mended: a missing modality is a learned vector of its own (zeros at first) in place of each token;
the balance term counts gates, without the noisy estimate, since a Laplace gate has no noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.fuse_moe.config import FuseMoEConfig
from benchmark.models.layers.attention import FusedSelfAttention
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.experts import Experts
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.sparse_moe import TopKRouter, mixture, unevenness
from benchmark.models.layers.widths import common_width, to_width


class FuseMoE(Model):
    """``z_m <- z_m + Attn_m(LN z_m)``, ``z <- z + MoE(LN z)``, ``z_m <- z_m + FFN_m(LN z_m)``.

    L times over; then ``logits = head([mean LN z_1; ...; mean LN z_M])``.

    Args:
        problem: One dataset.
        encoders: Token encoders.
        config: Layers, routers, experts.

    Raises:
        UsageError: Widths or heads do not fit, shared experts would have to take vectors of
            several lengths, the numbers of layers and of experts' counts differ, or a segmentation
            task has no grid of tokens.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: FuseMoEConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        self.tasks = [task.name for task in problem.only.tasks]
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.project = to_width(widths, config.width)
        self.missing = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in self.names)
        counts = [encoders[name].tokens for name in self.names]
        self.layers = nn.ModuleList(
            FuseMoELayer(width, counts, experts, config) for experts in _experts(config)
        )
        self.norm = nn.LayerNorm(width)
        self.heads = TaskHeads(len(self.names) * width, problem, dense=True)
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)
        self.balance = config.balance

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), of segmentations (B, C, H, W)."""
        parts = [self._tokens(batch, m) for m in range(len(self.names))]
        unevennesses = []
        for layer in self.layers:
            parts, uneven = layer(parts)
            unevennesses.append(uneven)
        parts = [self.norm(part) for part in parts]
        logits = self.heads(torch.cat([part.mean(dim=1) for part in parts], dim=1))
        if self.dense_heads.outputs:
            logits |= self.dense_heads(parts[self.dense_heads.number])
        losses = {"balance": self.balance * torch.stack(unevennesses).sum()}
        return Output(
            {task: logits[task] for task in self.tasks}, losses if self.balance > 0 else {}
        )

    def _tokens(self, batch: Batch, m: int) -> Tensor:
        """Return z_m, (B, P_m, D)."""
        tokens = self.project[m](self.encode(batch, self.names[m]))
        return torch.where(batch.observed[:, m, None, None], tokens, self.missing[m])


class FuseMoELayer(nn.Module):
    """One layer over the tokens of all modalities.

    Args:
        width: D.
        counts: P_m, tokens of each modality.
        experts: n.
        config: Routers, heads.
    """

    def __init__(
        self, width: int, counts: Sequence[int], experts: int, config: FuseMoEConfig
    ) -> None:
        super().__init__()
        self.config = config
        lengths = _routed_lengths(width, counts, config)
        self.attention_norms = _each(counts, lambda: nn.LayerNorm(width))
        self.attentions = _each(counts, lambda: FusedSelfAttention(width, config.heads))
        self.moe_norms = _each(counts, lambda: nn.LayerNorm(width))
        self.routers = nn.ModuleList(TopKRouter(one, experts, config.gate) for one in lengths)
        shared = config.router != "disjoint"
        self.experts = nn.ModuleList(
            Experts(experts, one, config.hidden) for one in lengths[: 1 if shared else None]
        )
        self.feed_forward_norms = _each(counts, lambda: nn.LayerNorm(width))
        self.feed_forwards = _each(
            counts,
            lambda: nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
            ),
        )

    def forward(self, parts: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Transform (B, P_m, D) of every modality; also return the experts' unevenness."""
        attended = [
            part + attention(norm(part))
            for part, norm, attention in zip(
                parts, self.attention_norms, self.attentions, strict=True
            )
        ]
        mixed, uneven = self._mix(
            [norm(part) for part, norm in zip(attended, self.moe_norms, strict=True)]
        )
        joined = [part + own for part, own in zip(attended, mixed, strict=True)]
        fed = [
            part + feed_forward(norm(part))
            for part, norm, feed_forward in zip(
                joined, self.feed_forward_norms, self.feed_forwards, strict=True
            )
        ]
        return fed, uneven

    def _mix(self, parts: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Send what is routed, vectors of samples or tokens, through its experts."""
        sample = self.config.unit == "sample"
        rows = [part.flatten(1) if sample else part.flatten(0, 1) for part in parts]
        axis = 1 if sample else 0
        sizes = [one.shape[axis] for one in rows]
        if self.config.router == "joint":
            rows = [torch.cat(rows, dim=axis)]
        said, unevennesses = [], []
        for m, (router, row) in enumerate(zip(self.routers, rows, strict=True)):
            gating = router(row, self.config.top_k)
            experts = self.experts[m % len(self.experts)]
            assert isinstance(experts, Experts)
            said.append(mixture(experts, row, gating.gates, gating.chosen, self.config.combination))
            unevennesses.append(unevenness(gating.gates.sum(dim=0)))
        if self.config.router == "joint":
            said = list(said[0].split(sizes, dim=axis))
        mixed = [one.view_as(part) for one, part in zip(said, parts, strict=True)]
        return mixed, torch.stack(unevennesses).mean()


def _experts(config: FuseMoEConfig) -> tuple[int, ...]:
    """Return the number of experts of every layer."""
    if isinstance(config.experts, int):
        return (config.experts,) * config.layers
    if len(config.experts) != config.layers:
        raise UsageError(
            f"fuse_moe has {config.layers} layers and {len(config.experts)} numbers of experts",
            "give one number of experts per layer, or one for all",
        )
    return config.experts


def _routed_lengths(width: int, counts: Sequence[int], config: FuseMoEConfig) -> list[int]:
    """Return the length of the vectors that each router gets."""
    lengths = [width * count if config.unit == "sample" else width for count in counts]
    if config.router == "joint":
        return [sum(lengths)] if config.unit == "sample" else [width]
    if config.router == "modality" and len(set(lengths)) > 1:
        raise UsageError(
            "experts shared by modalities take vectors of one length, modalities have "
            f"{', '.join(map(str, counts))} tokens",
            "give every modality as many tokens, route tokens (unit: token), or set router",
        )
    return lengths


def _each(counts: Sequence[int], make: Callable[[], nn.Module]) -> nn.ModuleList:
    return nn.ModuleList(make() for _ in counts)
