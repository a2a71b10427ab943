"""Settings of the joint-token transformer; torch-free."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig


class JointTransformerConfig(ModelConfig):
    """Settings of the joint-token transformer.

    Attributes:
        layers: L.
        heads: Attention heads; a divisor of the encoders' width.
        dropout: Probability of every dropout.
        attention_skip: ``residual``, or ``doubled``: the released layer, which adds the attention
            output to itself and forgets its input.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"
    separable: ClassVar[bool] = True

    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    attention_skip: Literal["residual", "doubled"] = "residual"
