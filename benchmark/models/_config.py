"""Base of model configurations; torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

from benchmark.core.problem import Frozen

EncoderOutput: TypeAlias = Literal["vector", "tokens"]


class ModelConfig(Frozen):
    """Settings of a model, declared in its ``config.py``.

    Attributes:
        encoder_output: What the model's encoders must give: ``vector`` (B, D) or ``tokens``
            (B, P, D). Checked against the encoders when a manifest is validated.
        separable: Whether the model is a ``FusionModel``, whose fusion a wrapper may repeat.
    """

    encoder_output: ClassVar[EncoderOutput] = "vector"
    separable: ClassVar[bool] = False

    def encoder_gives(self, modality: str) -> EncoderOutput:
        """Return what the encoder of a modality must give, where settings decide that."""
        return self.encoder_output

    def encoded(self, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return which of a run's modalities need an encoder, in order: all, unless fewer are read.

        A model that shares an encoder between modalities names one of them and passes that encoder
        to ``Model.encode`` for the others. A run holds the encoders of these only, so that settings
        of others cannot part equal runs.
        """
        return tuple(modalities)
