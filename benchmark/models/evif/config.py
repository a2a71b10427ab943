"""Settings of EVIF; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig

Count = Annotated[int, Field(ge=1)]


class EVIFConfig(ModelConfig):
    """Settings of EVIF; the estimators' own steps are the strategy ``min_max``.

    Attributes:
        width: D, what tokens are mapped to; None takes them as they come.
        layers: Fusion layers of every modality.
        heads: Attention heads; a divisor of D.
        hidden: Inner width of the feed-forward blocks.
        dropout: Probability of every dropout.
        order: Whether normalisations stand before (``pre``) or after (``post``) a block.
        minimise: Weight of the upper bound between modalities.
        maximise: Weight of the lower bound between the fused features and each modality.
        per_dimension: Divide the upper bound by D; it is a sum over D and would otherwise outweigh
            the task losses by hundreds.
        estimator_hidden: Inner width of the estimators.
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
    minimise: float = Field(default=0.1, ge=0)
    maximise: float = Field(default=0.01, ge=0)
    per_dimension: bool = True
    estimator_hidden: Count = 64
    head_hidden: tuple[Count, ...] = ()
    dense: str | None = None
