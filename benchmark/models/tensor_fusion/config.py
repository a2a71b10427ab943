"""Settings of tensor fusion; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import ModelConfig


class TensorFusionConfig(ModelConfig):
    """Settings of tensor fusion.

    Attributes:
        largest: Most entries that the outer product may have. A modality wider than the largest
            width d with ``(d + 1)^M <= largest`` is mapped to d first; the default gives 32 for
            three modalities and 12 for four.
        hidden: Widths of the hidden layers between outer product and heads.
        dropout: After every hidden activation.
    """

    largest: int = Field(default=36_000, ge=2)
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (128, 128)
    dropout: float = Field(default=0.2, ge=0, lt=1)
