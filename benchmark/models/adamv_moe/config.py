"""Settings of AdaMV-MoE; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class AdaMVMoEConfig(ModelConfig):
    """Settings of AdaMV-MoE.

    Attributes:
        width: D; None takes the encoders' common width, else tokens are mapped to D linearly.
        layers: Transformer blocks.
        moe_every: Every so many blocks the feed-forward part is a sparse mixture; 1 is all.
        experts: n, of each of these blocks.
        top_k: Experts per token at first, for every task.
        largest_k: Most experts per token that a task may come to.
        adaptive: Whether tasks change their k during training.
        patience: Validations without a smaller loss after which a task tries one expert more.
        auxiliary: Weight of the experts' importance and load being uneven.
        heads: Attention heads; a divisor of D.
        hidden: Inner width of experts and feed-forward blocks; None is 4 D.
        dense: Modality whose tokens segmentation tasks are read off; needs an image encoder.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"

    width: Count | None = None
    layers: Count = 2
    moe_every: Count = 2
    experts: Count = 8
    top_k: Count = 2
    largest_k: Count = 8
    adaptive: bool = True
    patience: Count = 2
    auxiliary: float = Field(default=5e-3, ge=0, allow_inf_nan=False)
    heads: Count = 8
    hidden: Count | None = None
    dense: str | None = None
