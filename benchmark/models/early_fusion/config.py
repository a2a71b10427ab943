"""Settings of early fusion; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig


class EarlyFusionConfig(ModelConfig):
    """Settings of early fusion.

    Attributes:
        hidden: Widths of the hidden layers between the concatenated codes and the heads.
        dropout: After every hidden activation.
        activation: Between layers.
    """

    separable: ClassVar[bool] = True

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    activation: Literal["relu", "gelu", "tanh"] = "relu"
