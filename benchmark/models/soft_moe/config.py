"""Settings of the multimodal soft mixture of experts; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class MultimodalSoftMoEConfig(ModelConfig):
    """Settings of the multimodal soft mixture of experts.

    Attributes:
        width: D; None takes the encoders' common width, else tokens are mapped to D linearly.
        depth: Blocks.
        experts: n, per block.
        slots: p, per expert.
        heads: Attention heads of every block; a divisor of D.
        hidden: Inner width of every expert; None is 4 D.
        normalize_slot_inputs: Whether slots average tokens of length 1.
        dense: Modality whose tokens segmentation tasks are read off; needs an image encoder.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"

    width: Count | None = None
    depth: Count = 1
    experts: Count = 128
    slots: Count = 1
    heads: Count = 8
    hidden: Count | None = None
    normalize_slot_inputs: bool = True
    dense: str | None = None
