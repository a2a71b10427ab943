"""What every trained model offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.observed import encode_observed


class Model(nn.Module, ABC):
    """A model over the components of a problem.

    Subclasses take ``(problem, encoders, config)``; the caller fixes torch's seed before
    construction. ``forward`` must accept batches of one sample, samples with any subset of their
    modalities observed, and samples with none. Hard settings live in the config, never in
    swallowed keyword arguments.

    Args:
        problem: Components, tasks and the number of logits of each.
        encoders: One per modality that the config's ``encoded`` names, in the component's order;
            their ``output`` is what its ``encoder_output`` asks for.
    """

    def __init__(self, problem: Problem, encoders: Mapping[str, Encoder]) -> None:
        super().__init__()
        self.problem = problem
        # A list, since torch refuses `type`, `keys` or `a.b` as the name of a module.
        self.encoders = nn.ModuleList(encoders.values())
        self._encoded = tuple(encoders)

    @abstractmethod
    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C) for every task of ``batch.dataset``."""

    def encode(self, batch: Batch, name: str, by: str = "") -> Tensor:
        """Encode one modality of a problem with one dataset; zeros where it is unobserved.

        Args:
            batch: B samples.
            name: Modality to encode.
            by: Modality whose encoder is used; empty is its own.

        Returns:
            (B, D) or (B, P, D), as the encoder gives.
        """
        names = [modality.name for modality in self.problem.only.modalities]
        observed = batch.observed[:, names.index(name)]
        return encode_observed(self.encoder(by or name), batch.inputs[name], observed)

    def encoder(self, name: str) -> Encoder:
        """Return the encoder of a modality; ValueError if it has none."""
        return cast("Encoder", self.encoders[self._encoded.index(name)])
