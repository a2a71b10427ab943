"""A convolutional network of a few thousand parameters."""

from __future__ import annotations

from math import gcd

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders._pixels import Pixels
from benchmark.models.encoders.config import SmallCNNEncoderConfig
from benchmark.models.encoders.resnet import read_out

#: Pixels between neighbouring positions of the feature map, as a vision transformer's patches.
STRIDE = 16


class SmallCNNEncoder(Encoder):
    """Convolutions of stride 4, 2 and 2 with GELU, then a linear map of each position to D.

    The last two have group normalisation, which works for a batch of one; the first has none, so
    that brightness is not normalised away. Grey images keep their one channel:
    ``17 c1 + 9 c1 c2 + 3 c2 + 9 c2 c3 + 3 c3 + (c3 + 1) D`` parameters.

    Args:
        modality: Images of shape (H, W) or (C, H, W).
        config: Channels, width, input size, pooling.
        output: ``tokens``, one per position row by row; or ``vector``.

    Raises:
        UsageError: The images are too small.
    """

    def __init__(
        self, modality: Modality, config: SmallCNNEncoderConfig, output: EncoderOutput = "tokens"
    ) -> None:
        super().__init__()
        self.output, self.width, self.pool = output, config.width, config.pool
        self.pixels = Pixels(modality, config.image_size, expand_grey=False)
        grid = (self.pixels.size[0] // STRIDE, self.pixels.size[1] // STRIDE)
        if min(grid) < 1:
            raise UsageError(
                f"small_cnn takes images of at least {STRIDE} pixels a side, those of "
                f"{modality.name!r} measure {self.pixels.size[0]} x {self.pixels.size[1]}",
                "set image_size",
            )
        first, second, third = config.channels
        self.network = nn.Sequential(
            nn.Conv2d(self.pixels.channels, first, kernel_size=4, stride=4),
            nn.GELU(),
            *_halving(first, second),
            *_halving(second, third),
            nn.Conv2d(third, config.width, kernel_size=1),
        )
        if output == "tokens":
            self.grid, self.tokens = grid, grid[0] * grid[1]

    def forward(self, data: ModalityData) -> Tensor:
        """Map images to (B, h w, D) or (B, D)."""
        images = self.pixels(data.values, next(self.network.parameters()).dtype)
        return read_out(self.network(images).flatten(2), self.output, self.pool)


def _halving(inner: int, outer: int) -> list[nn.Module]:
    return [
        # A 3 x 3 kernel that pads above and left only halves odd sides downwards.
        nn.ZeroPad2d((1, 0, 1, 0)),
        nn.Conv2d(inner, outer, kernel_size=3, stride=2),
        nn.GroupNorm(gcd(4, outer), outer),
        nn.GELU(),
    ]
