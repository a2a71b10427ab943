"""What flows into a model and out of it.

Torch is only named in annotations here, so that torch-free code may import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class ModalityData:
    """Values of one modality for B samples (or for N, before batching).

    Attributes:
        values: ``(B, *shape)`` float32 (images may be uint8; events are ``(B, T)`` int64 tokens of
            ``shape`` (T, tokens), 0 behind the last); rows of unobserved samples hold
            zeros and must not be read: ``Batch.observed`` says which.
        times: ``(B, T)`` hours since the start of the window, for irregular series, else None.
        mask: Same shape as ``values`` or ``(B, T)``; True where a value was measured, else None.
        lengths: ``(B,)`` int64, number of valid steps of a padded sequence, else None.
    """

    values: Tensor
    times: Tensor | None = None
    mask: Tensor | None = None
    lengths: Tensor | None = None

    def rows(self, index: Tensor) -> ModalityData:
        """Select samples: ``index`` is (K,) int64 or (B,) bool."""
        return self._each(lambda tensor: tensor[index])

    def to(self, device: torch.device | str) -> ModalityData:
        """Move every tensor to ``device``."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def _each(self, change: Callable[[Tensor], Tensor]) -> ModalityData:
        return ModalityData(
            values=change(self.values),
            times=None if self.times is None else change(self.times),
            mask=None if self.mask is None else change(self.mask),
            lengths=None if self.lengths is None else change(self.lengths),
        )


@dataclass(frozen=True)
class Batch:
    """B samples of one component.

    Attributes:
        dataset: Name of the component the samples belong to.
        inputs: Modality name to values, in the component's order.
        observed: ``(B, M)`` bool, column m for the component's m-th modality.
        targets: Task name to ``(B,)`` int64 class (binary, multiclass), ``(B, L)`` float32
            (multilabel), ``(B,)`` float32 (regression), ``(B, 2)`` float32 time and event
            (survival) or ``(B, H, W)`` int64 class of each pixel (segmentation). Unlabelled
            samples (pixels) hold -1 (classes) or NaN.
        rows: ``(B,)`` int64 positions in the dataset's ``samples`` table.
    """

    dataset: str
    inputs: Mapping[str, ModalityData]
    observed: Tensor
    targets: Mapping[str, Tensor]
    rows: Tensor

    @property
    def size(self) -> int:
        """B."""
        return int(self.observed.shape[0])

    def select(self, index: Tensor) -> Batch:
        """Return the samples ``index`` points at: (K,) int64 or (B,) bool."""
        return replace(
            self,
            inputs={name: data.rows(index) for name, data in self.inputs.items()},
            observed=self.observed[index],
            targets={name: target[index] for name, target in self.targets.items()},
            rows=self.rows[index],
        )

    def to(self, device: torch.device | str) -> Batch:
        """Move every tensor to ``device``."""
        return replace(
            self,
            inputs={name: data.to(device) for name, data in self.inputs.items()},
            observed=self.observed.to(device),
            targets={name: target.to(device) for name, target in self.targets.items()},
            rows=self.rows.to(device),
        )


@dataclass(frozen=True)
class Output:
    """What a model returns.

    Attributes:
        logits: Task name to ``(B, C)`` raw scores, ``C = problem.n_outputs(dataset, task)``;
            ``(B, C, H, W)`` of the masks' size for segmentation.
        losses: Extra terms the model adds to the task losses, already weighted, by name; scalars.
        info: Anything a figure or an analysis needs (weights, gates, per-expert logits).
    """

    logits: Mapping[str, Tensor]
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
