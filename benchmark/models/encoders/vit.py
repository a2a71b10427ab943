"""Vision transformer (Dosovitskiy et al. 2021), as timm builds it."""

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
from benchmark.models.encoders._weights import load_into, resize_positions
from benchmark.models.encoders.config import ViTEncoderConfig

#: Side of a patch, in pixels.
PATCH = 16
#: Blocks of the published networks.
LONGEST = 12


class ViTEncoder(Encoder):
    """Class token and h x w patch tokens, normalised; 85,798,656 parameters for base at 224 pixels.

    Args:
        modality: Images of shape (H, W) or (C, H, W).
        config: Architecture, input size.
        output: ``tokens``: all 1 + h w of them; ``vector``: as the config's ``pool`` says.

    Raises:
        UsageError: Patches do not tile the image.
    """

    def __init__(
        self, modality: Modality, config: ViTEncoderConfig, output: EncoderOutput = "tokens"
    ) -> None:
        super().__init__()
        self.output, self.pool = output, config.pool
        self.pixels = Pixels(modality, config.image_size)
        height, width = self.pixels.size
        if height % PATCH or width % PATCH:
            raise UsageError(
                f"{config.arch} cuts images into patches of {PATCH} pixels, those of "
                f"{modality.name!r} measure {height} x {width}",
                f"set image_size to a multiple of {PATCH}",
            )
        settings = {} if config.depth is None else {"depth": config.depth}
        self.network = timm_network(
            config.arch, {"img_size": (height, width), "in_chans": self.pixels.channels, **settings}
        )
        self.width = int(self.network.num_features)
        self.patches = (height // PATCH, width // PATCH)
        if output == "tokens":
            self.grid, self.prefix_tokens = self.patches, 1
            self.tokens = 1 + self.grid[0] * self.grid[1]

    def forward(self, data: ModalityData) -> Tensor:
        """Map images to (B, 1 + h w, D) or (B, D)."""
        images = self.pixels(data.values, next(self.parameters()).dtype)
        tokens: Tensor = self.network.forward_features(images)
        if self.output == "tokens":
            return tokens
        return tokens[:, 0] if self.pool == "class" else tokens[:, 1:].mean(dim=1)

    def load_pretrained(self, path: Path) -> None:
        """Take over timm's weights without its classifier."""
        depth = len(self.network.get_submodule("blocks"))
        unused = tuple(f"blocks.{one}." for one in range(depth, LONGEST))
        load_into(
            self.network,
            path,
            drop=("head.", "head_dist.", "pre_logits.", *unused),
            adapt={"pos_embed": resize_positions(1, self.patches)},
        )
