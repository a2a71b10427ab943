"""Settings of EyeMoSt; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig, MToESettings

Count = Annotated[int, Field(ge=1)]


class EyeMoStConfig(ModelConfig):
    """Settings of EyeMoSt.

    Attributes:
        hidden: Width of the hidden layer of each evidential head.
        evidence: Weight of the cross-entropy that is multiplied by the evidence, per modality.
        cross_entropy: Weight of the fused cross-entropy beside the fused likelihood. The run's task
            loss has this place with weight 1, so the model's own terms are divided by it.
        hinge: Weight of the hinge on the fused confidence; EyeMoSt+ has 10.
        mtoe: Task experts between the encoders and the evidential heads; None has none.
        width: D, what codes are mapped to before ``mtoe``; None takes them as they come.
        maps: Encoders give all tokens, which ``mtoe`` routes; else one vector each.
        dense: Modality whose tokens segmentation tasks read.
    """

    hidden: Count = 64
    evidence: float = Field(default=0.01, ge=0)
    cross_entropy: float = Field(default=0.5, gt=0)
    hinge: float = Field(default=0.0, ge=0)
    mtoe: MToESettings | None = None
    width: Count | None = None
    maps: bool = False
    dense: str | None = None

    def encoder_gives(self, modality: str) -> EncoderOutput:
        """Return tokens where they are needed, else a vector."""
        return "tokens" if self.maps or modality == self.dense else "vector"
