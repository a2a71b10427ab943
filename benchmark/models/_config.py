"""Base of model configurations; torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

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


class MToESettings(Frozen):
    """A mixture of task experts in a model of another paper, as M4oE adds it to its baselines.

    Attributes:
        experts: n.
        depth: Blocks.
        heads: Attention heads; a divisor of the host's width.
        hidden: Inner width of an expert; None is four times the host's width.
        alpha: Weight of the regulariser of the routing.
        unit: What stands for a modality in it: every ``token``, or a ``modality``'s tokens
            together.
        reduction: ``sum`` over the samples of a batch, or their ``mean``.
        residual: Whether every task's output keeps the skip connection.
        normalize_slot_inputs: Whether slots average normalised tokens.
    """

    experts: int = Field(default=128, ge=1)
    depth: int = Field(default=1, ge=1)
    heads: int = Field(default=8, ge=1)
    hidden: int | None = Field(default=None, ge=1)
    alpha: float = Field(default=0.05, ge=0)
    unit: Literal["token", "modality"] = "token"
    reduction: Literal["sum", "mean"] = "sum"
    residual: bool = True
    normalize_slot_inputs: bool = True
