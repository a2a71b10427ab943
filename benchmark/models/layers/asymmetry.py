"""Where two feature maps differ most."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Asymmetry(nn.Module):
    """Difference of two maps through a learned channel map, and its peak.

    ``d = |W l - W r|``, maximum over windows of ``(h/5, w/5)`` at stride 1, then the position whose
    channels have the largest Euclidean norm. W starts as the identity plus noise; ``D^2``
    parameters.

    Args:
        width: D.
        noise: Deviation of the noise.
    """

    def __init__(self, width: int, noise: float) -> None:
        super().__init__()
        self.channels = nn.Parameter(torch.eye(width) + noise * torch.randn(width, width))

    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Compare two maps.

        Args:
            left: (B, D, h, w).
            right: (B, D, h, w).

        Returns:
            The difference vector at the peak, (B, D), not negative, and its norm, (B,).
        """
        # The map is linear, so it may act on the difference.
        difference: Tensor = torch.einsum("dc,bchw->bdhw", self.channels, left - right).abs()
        window = tuple(max(1, size // 5) for size in left.shape[2:])
        pooled = functional.max_pool2d(difference, window, stride=1).flatten(2)  # (B, D, K)
        peak = torch.linalg.vector_norm(pooled.detach(), dim=1).argmax(dim=1)
        at = peak[:, None, None].expand(-1, pooled.shape[1], 1)
        vector: Tensor = pooled.gather(2, at)[:, :, 0]
        norm: Tensor = torch.linalg.vector_norm(vector, dim=1)
        return vector, norm


def feature_map(tokens: Tensor, grid: tuple[int, int] | None) -> Tensor:
    """Return tokens as a map.

    Args:
        tokens: (B, P, D); where there is a grid its tokens come last, row by row.
        grid: (h, w); None takes all tokens as one row.

    Returns:
        (B, D, h, w).
    """
    h, w = grid or (1, tokens.shape[1])
    patches = tokens[:, tokens.shape[1] - h * w :]
    return patches.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], h, w)
