"""Settings of EyeStar; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig, MToESettings

Count = Annotated[int, Field(ge=1)]


class EyeStarConfig(ModelConfig):
    """Settings of EyeStar.

    Attributes:
        head_hidden: Widths of hidden layers in every head; none makes it one linear map.
        dropout: On hidden layers.
        mtoe: Task experts in the place of the concatenation; None concatenates.
        width: D, what codes are mapped to before ``mtoe``; None takes them as they come.
        maps: Encoders give all tokens, which ``mtoe`` routes; else one vector each.
        dense: Modality whose tokens segmentation tasks read.
    """

    head_hidden: tuple[Count, ...] = ()
    dropout: float = Field(default=0.0, ge=0, lt=1)
    mtoe: MToESettings | None = None
    width: Count | None = None
    maps: bool = False
    dense: str | None = None

    def encoder_gives(self, modality: str) -> EncoderOutput:
        """Return tokens where they are needed, else a vector."""
        return "tokens" if self.maps or modality == self.dense else "vector"
