"""Settings of low-rank multimodal fusion; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Width = Annotated[int, Field(ge=1)]


class LRMFConfig(ModelConfig):
    """Settings of low-rank multimodal fusion.

    Attributes:
        rank: R, terms in the sum that stands for the weight tensor.
        width: H, length of the fused vector.
        hidden: Widths of the hidden layers between fused vector and heads.
        dropout: After every hidden activation.
        trainable_factors: Whether factors, rank weights and bias are learned; ``false`` leaves
            them as they were drawn, a defect of two releases.
        init: ``unit`` keeps the product of any number of modalities near 1 at first; ``xavier``
            is that of the releases, whose product vanishes as modalities are added.
    """

    separable: ClassVar[bool] = True

    rank: Width = 32
    width: Width = 64
    hidden: tuple[Width, ...] = (128,)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    trainable_factors: bool = True
    init: Literal["unit", "xavier"] = "unit"
