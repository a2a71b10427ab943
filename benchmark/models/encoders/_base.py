"""What every encoder offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality


class Encoder(nn.Module, ABC):
    """Maps one modality to a vector or to tokens. Subclasses take ``(modality, config)``.

    One that can give either is registered under the family ``any``, takes a keyword ``output`` as
    well and sets the attribute of that name.

    Only observed rows reach an encoder (see ``benchmark.models.layers.observed``), so it never
    sees the zeros that stand for a missing modality.

    Attributes:
        output: ``vector``: forward gives (B, width); ``tokens``: (B, tokens, width).
        width: D.
        tokens: P; 1 for a vector.
        grid: Height and width in patches where the last ``height * width`` tokens are the patches
            of an image, row by row; else None.
        prefix_tokens: Tokens before those of the grid, e.g. 1 for a class token.
    """

    output: Literal["vector", "tokens"]
    width: int
    tokens: int = 1
    grid: tuple[int, int] | None = None
    prefix_tokens: int = 0

    @abstractmethod
    def forward(self, data: ModalityData) -> Tensor:
        """Encode B observed samples."""

    def load_pretrained(self, path: Path) -> None:
        """Take over weights from a file; called if the config's ``pretrained`` names one.

        Encoders that can do so use :func:`benchmark.models.encoders._weights.load_into`.
        """
        raise UsageError(f"{type(self).__name__} takes no pretrained weights, {path} was named")


def refuse_events(name: str, modality: Modality) -> None:
    """Check that a modality holds measured numbers, not coded events.

    Args:
        name: Of the encoder.
        modality: What it is to encode.

    Raises:
        UsageError: Its values are codes, of which no sum or product means anything.
    """
    if modality.kind == "events":
        raise UsageError(
            f"{name} takes numbers, modality {modality.name!r} holds coded events",
            "choose encoder event_transformer",
        )
