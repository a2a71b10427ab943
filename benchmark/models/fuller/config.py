"""Settings of Fuller; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig

Count = Annotated[int, Field(ge=1)]


class FullerConfig(ModelConfig):
    """Settings of Fuller's network; how it is trained is the strategy ``gradient_calibration``.

    Attributes:
        width: D, what tokens are mapped to; None takes them as they come.
        layers: Layers of the fusion block.
        heads: Attention heads; a divisor of D.
        hidden: Inner width of the feed-forward blocks.
        dropout: Probability of every dropout.
        order: Whether normalisations stand before (``pre``) or after (``post``) a block.
        head_hidden: Widths of hidden layers in every head.
        dense: Modality whose tokens segmentation tasks read, as they are after the fusion.
    """

    encoder_output: ClassVar[EncoderOutput] = "tokens"

    width: Count | None = None
    layers: Count = 1
    heads: Count = 8
    hidden: Count = 2048
    dropout: float = Field(default=0.1, ge=0, lt=1)
    order: Literal["pre", "post"] = "pre"
    head_hidden: tuple[Count, ...] = ()
    dense: str | None = None
