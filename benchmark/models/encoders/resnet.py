"""Residual network (He et al. 2016), as timm builds it."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders._pixels import Pixels
from benchmark.models.encoders._timm import timm_network
from benchmark.models.encoders._weights import load_into
from benchmark.models.encoders.config import ResNetEncoderConfig

#: Pixels between neighbouring positions of the last feature map.
STRIDE = 32


class ResNetEncoder(Encoder):
    """Last feature map, one token per position row by row, or pooled to a vector.

    ``resnet18`` has 11,176,512 parameters for three channels. Batch normalisation needs more than
    one position where a batch has one sample, hence images of more than 32 pixels a side.

    Args:
        modality: Images of shape (H, W) or (C, H, W).
        config: Architecture, input size, pooling.
        output: ``tokens`` or ``vector``.

    Raises:
        UsageError: The images are too small.
    """

    def __init__(
        self, modality: Modality, config: ResNetEncoderConfig, output: EncoderOutput = "tokens"
    ) -> None:
        super().__init__()
        self.output, self.pool = output, config.pool
        self.pixels = Pixels(modality, config.image_size)
        if min(self.pixels.size) <= STRIDE:
            raise UsageError(
                f"{config.arch} takes images of more than {STRIDE} pixels a side, those of "
                f"{modality.name!r} measure {self.pixels.size[0]} x {self.pixels.size[1]}",
                "set image_size, or choose small_cnn",
            )
        self.network = timm_network(
            config.arch, {"global_pool": "", "in_chans": self.pixels.channels}
        )
        self.width = int(self.network.num_features)
        if output == "tokens":
            self.grid = (-(-self.pixels.size[0] // STRIDE), -(-self.pixels.size[1] // STRIDE))
            self.tokens = self.grid[0] * self.grid[1]

    def forward(self, data: ModalityData) -> Tensor:
        """Map images to (B, h w, D) or (B, D)."""
        images = self.pixels(data.values, next(self.parameters()).dtype)
        positions = self.network.forward_features(images).flatten(2)  # (B, D, h w)
        return read_out(positions, self.output, self.pool)

    def load_pretrained(self, path: Path) -> None:
        """Take over the weights of timm or torchvision without the classifier."""
        load_into(self.network, path, drop=("fc.",))


def read_out(positions: Tensor, output: EncoderOutput, pool: str) -> Tensor:
    """Turn positions (B, D, P) into tokens (B, P, D), or a vector (B, D)."""
    if output == "tokens":
        return positions.transpose(1, 2)
    return positions.mean(dim=2) if pool == "mean" else positions.amax(dim=2)
