"""Settings of the cross-modal transformer; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class MulTConfig(ModelConfig):
    """Settings of the cross-modal transformer.

    Attributes:
        width: d, width that every modality's tokens are mapped to.
        layers: Blocks of every cross-modal transformer.
        self_layers: Blocks of every modality's self-attention transformer.
        heads: Attention heads; a divisor of ``width``.
        dropout: On attention weights, inner activations and the output of every block's parts.
        embed_dropout: On tokens with positions.
        out_dropout: In the residual perceptron before the heads.
        skip: ``normed``: every skip carries the normalised input, as printed; ``plain``: the input
            itself, as released.
        scale: Multiply tokens by ``sqrt(d)`` before positions are added, as released.
        self_pairs: Also pair every modality with itself, as MultiBench does.
        pool: What a sequence ends up as: its ``last`` token, or the ``mean`` of all.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"

    width: Count = 40
    layers: Count = 4
    self_layers: Count = 4
    heads: Count = 8
    dropout: Probability = 0.1
    embed_dropout: Probability = 0.25
    out_dropout: Probability = 0.0
    skip: Literal["normed", "plain"] = "normed"
    scale: bool = False
    self_pairs: bool = False
    pool: Literal["last", "mean"] = "last"
