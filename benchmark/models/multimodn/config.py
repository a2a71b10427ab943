"""Settings of MultiModN; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.models._config import EncoderOutput, ModelConfig

Count = Annotated[int, Field(ge=1)]


class MultiModNConfig(ModelConfig):
    """Settings of MultiModN.

    Attributes:
        state: Width of the state.
        hidden: Widths of the hidden layers of every step; none makes a step one linear map.
        decoder_hidden: Widths of the hidden layers of every task's decoder.
        dropout: On a modality's vector before a step, and after hidden activations.
        state_change: Weight of the mean squared change of the state; the original multiplies it by
            0.01 and has 0.
        dense: Modality whose tokens segmentation tasks read.
    """

    state: Count = 20
    hidden: tuple[Count, ...] = ()
    decoder_hidden: tuple[Count, ...] = (32, 32)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    state_change: float = Field(default=0.0, ge=0)
    dense: str | None = None

    def encoder_gives(self, modality: str) -> EncoderOutput:
        """Return tokens where a segmentation reads them, else a vector."""
        return "tokens" if modality == self.dense else "vector"
