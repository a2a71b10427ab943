"""Modalities taken away from every sample at test time."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.result import Part
from benchmark.measures._base import Scenario
from benchmark.measures.config import DropConfig
from benchmark.training.data import RunData


class Drop(Scenario):
    """Marks modalities as unobserved and empties them, as if they had never been recorded.

    Args:
        config: Which ones.
        seed: Not used: nothing is random.
    """

    def __init__(self, config: DropConfig, seed: int) -> None:
        self.config = config

    def apply(self, batch: Batch, data: RunData, part: Part) -> Batch:
        """Return the batch without the modalities."""
        names = [modality.name for modality in data.component.modalities]
        observed = batch.observed.clone()
        inputs = dict(batch.inputs)
        for name in self.config.drop:
            observed[:, names.index(name)] = False
            inputs[name] = _empty(inputs[name])
        return replace(batch, inputs=inputs, observed=observed)


def _empty(data: ModalityData) -> ModalityData:
    def zeros(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else torch.zeros_like(tensor)

    return ModalityData(
        torch.zeros_like(data.values), zeros(data.times), zeros(data.mask), zeros(data.lengths)
    )
