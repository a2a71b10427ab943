"""Settings of EyeMoSt; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class EyeMoStConfig(ModelConfig):
    """Settings of EyeMoSt.

    Attributes:
        hidden: Width of the hidden layer of each evidential head.
        evidence: Weight of the cross-entropy that is multiplied by the evidence, per modality.
        cross_entropy: Weight of the fused cross-entropy beside the fused likelihood. The run's task
            loss has this place with weight 1, so the model's own terms are divided by it.
        hinge: Weight of the hinge on the fused confidence; EyeMoSt+ has 10.
    """

    hidden: Count = 64
    evidence: float = Field(default=0.01, ge=0)
    cross_entropy: float = Field(default=0.5, gt=0)
    hinge: float = Field(default=0.0, ge=0)
