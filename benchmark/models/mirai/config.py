"""Settings of Mirai; torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class MiraiConfig(ModelConfig):
    """Settings of Mirai.

    Attributes:
        share_encoder: One encoder, that of the first view, for all of them, as the original has.
        width: D, width of a view in the aggregator.
        condition: Scale and shift every view by what it is: its projection, its examination and
            its side or image type.
        embedding: Width of each of the three embeddings.
        layers: Transformer layers over the views.
        heads: Attention heads; a divisor of ``width``.
        hidden: Inner width of their feed-forward blocks; None is D, as in the original.
        dropout: Probability of every dropout.
        pool: What the views are reduced by: their ``max``, ``mean``, or a ``softmax`` of a linear
            score of each.
        hazard: Give the tasks ``risk_1y .. risk_Ky`` one additive-hazard head, as the original
            does, instead of a head each.
        head_hidden: Widths of hidden layers in every head.
    """

    share_encoder: bool = True
    width: Count = 512
    condition: bool = True
    embedding: Count = 32
    layers: Count = 1
    heads: Count = 8
    hidden: Count | None = None
    dropout: float = Field(default=0.1, ge=0, lt=1)
    pool: Literal["max", "mean", "softmax"] = "softmax"
    hazard: bool = False
    head_hidden: tuple[Count, ...] = ()

    def encoded(self, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return the first view, if all share its encoder, or all."""
        return tuple(modalities[:1]) if self.share_encoder else tuple(modalities)
