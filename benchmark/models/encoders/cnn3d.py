"""Convolutions over a volume."""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import CNN3DEncoderConfig
from benchmark.models.layers.patches import PatchEmbedding

#: Each block has two convolutions and ends in max-pooling by this factor.
POOLS = (2, 3, 4)


class CNN3DEncoder(Encoder):
    """Six 3x3x3 convolutions with ReLU, max-pooling by 2, 3 and 4, one linear map to D.

    Channels with the default widths: 1-32-32, pool, 32-64-64, pool, 64-128-D, pool; every pool is
    followed by dropout of whole channels. For tokens, the D features are cut into P patches. The
    ADNI image encoder of I2MoE (Xin et al., ICML 2025). A scan of 91 x 109 x 91 leaves 3 x 4 x 3
    positions: ``415,904 + 3,458 D + 36 D^2`` parameters, and ``(ceil(D / P) + 1) D`` for tokens.

    Args:
        modality: Says the shape: (X, Y, Z), or (C, X, Y, Z) with C channels.
        config: Widths, dropout.
        output: ``tokens`` or ``vector``.

    Raises:
        UsageError: The modality is no volume, or one that pooling leaves nothing of.
    """

    def __init__(
        self, modality: Modality, config: CNN3DEncoderConfig, output: EncoderOutput = "vector"
    ) -> None:
        super().__init__()
        self.output, self.width = output, config.width
        channels, *sides = _volume(modality)
        first, second, third = config.channels
        self.body = nn.Sequential(
            *_block(channels, first, first, POOLS[0], config.dropout),
            *_block(first, second, second, POOLS[1], config.dropout),
            *_block(second, third, config.width, POOLS[2], config.dropout),
            nn.Flatten(),
            nn.Linear(prod(_left(side) for side in sides) * config.width, config.width),
        )
        self.readout: nn.Module = nn.Identity()
        if output == "tokens":
            self.tokens = config.patches
            self.readout = PatchEmbedding(config.width, config.patches, config.width)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, X, Y, Z) or (B, C, X, Y, Z) to (B, D) or (B, P, D)."""
        volume = data.values.to(next(self.parameters()).dtype)
        if volume.dim() == 4:
            volume = volume[:, None]
        encoded: Tensor = self.readout(self.body(volume))
        return encoded


def _volume(modality: Modality) -> tuple[int, int, int, int]:
    """Return channels and sides of a modality's volumes."""
    shape = (1, *modality.shape) if len(modality.shape) == 3 else modality.shape
    if len(shape) != 4 or not all(_left(side) for side in shape[1:]):
        raise UsageError(
            f"cnn3d takes volumes of at least {prod(POOLS)} voxels a side, modality "
            f"{modality.name!r} has shape {modality.shape}",
            "choose another encoder, or a larger volume",
        )
    return (shape[0], shape[1], shape[2], shape[3])


def _left(side: int) -> int:
    """Positions that pooling leaves of a side."""
    for pool in POOLS:
        side //= pool
    return side


def _block(inner: int, middle: int, outer: int, pool: int, dropout: float) -> list[nn.Module]:
    return [
        nn.Conv3d(inner, middle, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv3d(middle, outer, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool3d(pool),
        nn.Dropout3d(dropout),
    ]
