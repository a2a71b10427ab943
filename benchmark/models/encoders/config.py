"""Settings of the encoders; torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen

Width = Annotated[int, Field(ge=1)]


class MLPEncoderConfig(Frozen):
    """Settings of the multilayer perceptron.

    Attributes:
        width: D, length of the vector it gives.
        hidden: Widths of the hidden layers; none makes the encoder one linear map.
        dropout: After every hidden activation.
        activation: Between layers.
    """

    width: Width = 32
    hidden: tuple[Width, ...] = (64,)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    activation: Literal["relu", "gelu", "tanh"] = "relu"


class TextVectorEncoderConfig(MLPEncoderConfig):
    """Settings of the text-vector encoder: those of a perceptron behind a layer norm.

    Attributes:
        dropout: After every hidden activation.
        input_dropout: On the normalised vector.
    """

    dropout: float = Field(default=0.25, ge=0, lt=1)
    input_dropout: float = Field(default=0.0, ge=0, lt=1)


class PatchEncoderConfig(Frozen):
    """Settings of the patch embedding.

    Attributes:
        width: D, width of a token.
        patches: P, number of tokens.
    """

    width: Width = 32
    patches: Width = 4
