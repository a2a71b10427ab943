"""A model in three parts, between which a strategy may change gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.core.batch import Batch


@runtime_checkable
class Branched(Protocol):
    """Modality branches, a shared part that fuses them, task heads.

    ``forward(batch)`` must be ``heads_of(batch, fuse(batch, branches(batch)))``.
    """

    def branches(self, batch: Batch) -> list[Tensor]:
        """Return what each modality's branch gives, (B, P_m, D)."""

    def fuse(self, batch: Batch, branches: list[Tensor]) -> Tensor:
        """Return the features that all tasks share, (B, P, D)."""

    def heads_of(self, batch: Batch, shared: Tensor) -> dict[str, Tensor]:
        """Return the logits by task."""

    def last_shared(self) -> list[nn.Parameter]:
        """Return the weights of the last layer that all tasks share."""
