"""A part of the data that is too large to be held in memory: read as it is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import Batch, ModalityData

if TYPE_CHECKING:
    import torch
    from torch import Tensor

#: Parts up to this many bytes are read at once and moved to the device, larger ones by batches.
RESIDENT_BYTES = 2**31

#: From positions in a part, (K,), to the modalities of these samples.
Read = Callable[[NDArray[np.int64]], Mapping[str, ModalityData]]


@dataclass(frozen=True)
class StreamedBatch(Batch):
    """All samples of a part but for their inputs, which :meth:`select` reads.

    Everything else is held, so that labels can be counted and rows be shuffled as of any batch.

    Attributes:
        read: Reads the inputs of some samples.
    """

    read: Read

    def select(self, index: Tensor) -> Batch:
        """Return the samples ``index`` points at, (K,) int64 or (B,) bool, in memory."""
        import torch

        positions = index.nonzero().squeeze(1) if index.dtype == torch.bool else index
        return Batch(
            dataset=self.dataset,
            inputs=self.read(positions.cpu().numpy()),
            observed=self.observed[positions],
            targets={name: target[positions] for name, target in self.targets.items()},
            rows=self.rows[positions],
        )

    def to(self, device: torch.device | str) -> Batch:
        """Return the same: what is too large stays where it is, selected samples are moved."""
        return self


class NotRead(Mapping[str, ModalityData]):
    """The inputs of a part that is read by batches; naming one is a mistake."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __getitem__(self, name: str) -> ModalityData:
        raise TypeError(f"{name!r} of a whole part is too large to be read: select samples first")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def size_of(inputs: Mapping[str, ModalityData]) -> int:
    """Return the bytes of all tensors of some samples."""
    tensors = (
        one
        for data in inputs.values()
        for one in (data.values, data.times, data.mask, data.lengths)
        if one is not None
    )
    return sum(one.numel() * one.element_size() for one in tensors)
