"""Models whose encoders and fusion are apart, so that a wrapper can run the fusion again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder


@dataclass(frozen=True)
class Fused:
    """What the fusion of encoded modalities gives; ``...`` are axes of the batch.

    Attributes:
        logits: Task name to (..., C).
        latent: (..., F) features that the heads read.
        losses: Terms the fusion adds, already weighted; (...) without the axis of samples.
        info: As in ``Output.info``.
    """

    logits: Mapping[str, Tensor]
    latent: Tensor
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    info: Mapping[str, object] = field(default_factory=dict)


class FusionModel(Model):
    """A model that encodes every modality, then fuses the codes.

    Subclasses implement :meth:`fuse`, whose result must not depend on what stands in the codes of
    unobserved modalities unless that is zeros.

    Args:
        problem: One dataset.
        encoders: One per modality.
    """

    def __init__(self, problem: Problem, encoders: Mapping[str, Encoder]) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        fused = self.fuse(self.codes(batch), batch.observed)
        return Output(fused.logits, fused.losses, fused.info)

    def codes(self, batch: Batch) -> list[Tensor]:
        """Encode every modality: (B, D_m) or (B, P_m, D_m) each, zeros where unobserved."""
        return [self.encode(batch, name) for name in self.names]

    @abstractmethod
    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse codes.

        Args:
            codes: (N, D_m) or (N, P_m, D_m) by modality.
            observed: (N, M) bool.
            passes: Equal blocks that N is made of; whatever is counted over a batch (capacities,
                balance losses) is counted block by block, as if each were a call of its own.

        Returns:
            Logits (N, C), latent (N, F), losses without axes: means over the passes.
        """

    @classmethod
    def fuse_experts(
        cls,
        experts: Sequence[Self],
        codes: Sequence[Tensor],
        observed: Tensor,
        replaced: Mapping[int, Tensor],
    ) -> Fused:
        """Fuse by several models, each with the codes as they are and with replaced ones.

        This default folds the passes of one expert into the batch and takes expert after expert;
        a subclass may compute the same in a faster way.

        Args:
            experts: E models of equal settings.
            codes: By modality, as in :meth:`fuse`, for B samples.
            observed: (B, M) bool.
            replaced: Modality to (E, B, ...) codes that stand in for it in one further pass;
                where a sample does not observe the modality they are not read.

        Returns:
            Logits (E, K, B, C) and latent (E, K, B, F); pass 0 has the codes as they are, pass k
            has those of the k-th modality of ``replaced`` exchanged. Losses (E,).
        """
        each = [
            expert.fuse(
                *fold_passes(codes, observed, {m: one[e] for m, one in replaced.items()}),
                passes=1 + len(replaced),
            )
            for e, expert in enumerate(experts)
        ]
        shape = (1 + len(replaced), len(observed))
        return Fused(
            logits={
                task: torch.stack([one.logits[task].unflatten(0, shape) for one in each])
                for task in each[0].logits
            },
            latent=torch.stack([one.latent.unflatten(0, shape) for one in each]),
            losses={
                name: torch.stack([one.losses[name] for one in each]) for name in each[0].losses
            },
        )


def fold_passes(
    codes: Sequence[Tensor], observed: Tensor, replaced: Mapping[int, Tensor]
) -> tuple[list[Tensor], Tensor]:
    """Lay the passes of one model one after the other along the batch.

    Args:
        codes: By modality, (B, ...).
        observed: (B, M) bool.
        replaced: Modality to (B, ...) codes that stand in for it in one further pass.

    Returns:
        Codes (K B, ...) by modality and flags (K B, M).
    """
    folded = []
    for m, code in enumerate(codes):
        parts = [code] * (1 + len(replaced))
        if m in replaced:
            seen = observed[:, m].reshape(-1, *[1] * (code.dim() - 1))
            # A missing modality stays what it is: a mask hides what is there.
            parts[1 + list(replaced).index(m)] = torch.where(seen, replaced[m].to(code.dtype), code)
        folded.append(torch.cat(parts))
    return folded, observed.repeat(1 + len(replaced), 1)


def common_width(model: str, encoders: Mapping[str, Encoder]) -> int:
    """Return the width that all encoders share.

    Raises:
        UsageError: They differ.
    """
    widths = {name: encoder.width for name, encoder in encoders.items()}
    if len(set(widths.values())) != 1:
        listed = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise UsageError(
            f"{model} needs encoders of one width, they have {listed}",
            "give every encoder the same width",
        )
    return next(iter(widths.values()))
