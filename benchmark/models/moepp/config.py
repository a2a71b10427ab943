"""Settings of the joint-token transformer with MoE++ layers; torch-free."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig


class MoEPPConfig(ModelConfig):
    """Settings of the joint-token transformer with MoE++ layers.

    Attributes:
        layers: L.
        heads: Attention heads; a divisor of the encoders' width.
        experts: E of every layer, four of them without a feed-forward block.
        dropout: Probability of every dropout.
        moepp_bug: The released forward pass: every layer reads the first tokens, so that only the
            last one counts, and the experts' output is overwritten by that of the attention.
    """

    encoder_output: ClassVar[EncoderOutput] = "tokens"
    separable: ClassVar[bool] = True

    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=4, ge=1)
    experts: int = Field(default=8, ge=4)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    moepp_bug: bool = False
