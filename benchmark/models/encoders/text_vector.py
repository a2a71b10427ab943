"""Text that arrives as one vector, e.g. TF-IDF components or a mean of token embeddings."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import TextVectorEncoderConfig
from benchmark.models.layers.mlp import mlp


class TextVectorEncoder(Encoder):
    """``z = MLP(Drop(LN(x)))`` of a text vector x of F numbers.

    The norm of such a vector grows with the length of the text and differs from one way of making
    it to another; the layer norm takes it out, sample by sample, so nothing has to be fitted.
    Parameters: those of the perceptron and 2 F.

    Args:
        modality: Says F; its shape is (F,).
        config: Widths, dropouts, activation.

    Raises:
        UsageError: The modality is not one vector per sample.
    """

    output: Literal["vector", "tokens"] = "vector"

    def __init__(self, modality: Modality, config: TextVectorEncoderConfig) -> None:
        super().__init__()
        refuse_events("text_vector", modality)
        if len(modality.shape) != 1:
            raise UsageError(
                f"text_vector takes one vector per sample, modality {modality.name!r} has shape "
                f"{modality.shape}",
                "choose an encoder for sequences, or a dataset option that gives vectors",
            )
        self.width = config.width
        (values,) = modality.shape
        self.layers = nn.Sequential(
            nn.LayerNorm(values),
            nn.Dropout(config.input_dropout),
            mlp(values, config.hidden, config.width, config.dropout, config.activation),
        )

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, F) to (B, D)."""
        encoded: Tensor = self.layers(data.values.to(next(self.parameters()).dtype))
        return encoded
