"""Settings of the early-fusion transformer; torch-free."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig


class EarlyFusionTransformerConfig(ModelConfig):
    """Settings of the early-fusion transformer.

    Attributes:
        width: Of the transformer.
        layers: Of the transformer.
        heads: Attention heads; a divisor of ``width``.
        hidden: Inner width of the feed-forward blocks.
        dropout: Probability of every dropout.
        fusion_train_mode_bug: Dropout acts in the first epoch only, as released.
    """

    encoder_output: ClassVar[EncoderOutput] = "tokens"
    separable: ClassVar[bool] = True

    width: int = Field(default=9, ge=1)
    layers: int = Field(default=3, ge=1)
    heads: int = Field(default=3, ge=1)
    hidden: int = Field(default=2048, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    fusion_train_mode_bug: bool = False
