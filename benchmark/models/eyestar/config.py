"""Settings of EyeStar; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class EyeStarConfig(ModelConfig):
    """Settings of EyeStar.

    Attributes:
        head_hidden: Widths of hidden layers in every head; none makes it one linear map.
        dropout: On hidden layers.
    """

    head_hidden: tuple[Count, ...] = ()
    dropout: float = Field(default=0.0, ge=0, lt=1)
