"""From stored pixels to what an image network expects."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality

#: Of the red, green and blue of ImageNet's training images, in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Pixels(nn.Module):
    """Scales, resizes and normalises images; grey ones may become three equal channels.

    uint8 values are divided by 255, floating-point ones must lie in [0, 1] already. Three channels
    are normalised by ImageNet's means and deviations, any other number by their averages.

    Args:
        modality: Images of shape (H, W) or (C, H, W).
        size: Side that images are resized to (bilinear, with antialiasing); None leaves them.
        expand_grey: Whether one channel becomes three.

    Attributes:
        channels: C of what comes out.
        size: (H, W) of what comes out.

    Raises:
        UsageError: The modality holds no images.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, modality: Modality, size: int | None, expand_grey: bool = True) -> None:
        super().__init__()
        shape = (1, *modality.shape) if len(modality.shape) == 2 else modality.shape
        if len(shape) != 3:
            raise UsageError(
                f"modality {modality.name!r} has shape {modality.shape}, an image encoder takes "
                "(H, W) or (C, H, W)",
                "choose another encoder",
            )
        self.expand = expand_grey and shape[0] == 1
        self.channels = 3 if self.expand else shape[0]
        self.size = (shape[1], shape[2]) if size is None else (size, size)
        mean, std = _statistics(self.channels)
        # Constants of the code, so they need no place in the weights.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def forward(self, values: Tensor, dtype: torch.dtype) -> Tensor:
        """Map (B, H, W) or (B, C, H, W), uint8 or floating point, to (B, C', H', W')."""
        images = values[:, None] if values.dim() == 3 else values
        images = images.to(dtype) / 255 if images.dtype == torch.uint8 else images.to(dtype)
        if images.shape[-2:] != self.size:
            images = functional.interpolate(images, self.size, mode="bilinear", antialias=True)
        # Broadcasting makes three channels of one.
        return (images - self.mean.to(dtype)) / self.std.to(dtype)


def _statistics(channels: int) -> tuple[Tensor, Tensor]:
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    if channels != 3:
        mean, std = (one.mean().expand(channels).clone() for one in (mean, std))
    return mean[:, None, None], std[:, None, None]
