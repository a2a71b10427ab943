"""A feature vector cut into equal patches, each mapped to a token."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class PatchEmbedding(nn.Module):
    """Maps F features to P tokens of width D by one linear layer that all patches share.

    The features are filled with zeros on the right up to ``P ceil(F / P)``. Parameters:
    ``(ceil(F / P) + 1) D``. There is no position term, normalisation or dropout.

    Args:
        features: F.
        patches: P.
        width: D.
    """

    def __init__(self, features: int, patches: int, width: int) -> None:
        super().__init__()
        self.patch = -(-features // patches)  # ceil(F / P)
        self.patches = patches
        self.padding = self.patch * patches - features
        self.linear = nn.Linear(self.patch, width)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, F) to (B, P, D)."""
        padded = functional.pad(features, (0, self.padding))
        tokens: Tensor = self.linear(padded.unflatten(1, (self.patches, self.patch)))
        return tokens
