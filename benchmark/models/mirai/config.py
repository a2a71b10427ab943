"""Settings of Mirai; torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from benchmark.models._config import ModelConfig, MToESettings

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
        mtoe: Route the transformer's output through task experts before pooling; None does not.
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
    mtoe: MToESettings | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.hazard and self.mtoe is not None:
            raise ValueError("a hazard joins tasks that mtoe keeps apart: set one of them")
        return self

    def encoded(self, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return the first view, if all share its encoder, or all."""
        return tuple(modalities[:1]) if self.share_encoder else tuple(modalities)
