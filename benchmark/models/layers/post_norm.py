"""Transformer with normalisation after each block, as torch builds it."""

from __future__ import annotations

from torch import Tensor, nn

from benchmark.core.errors import UsageError


class PostNormTransformer(nn.Module):
    """Layers of Vaswani et al. (2017), section 3.1, with ReLU.

    Parameters of a layer: ``4 d^2 + 4 d + 2 d f + f + d + 4 d`` with inner width f.

    Args:
        width: d.
        layers: Depth.
        heads: Attention heads, a divisor of d.
        hidden: f.
        dropout: Probability of every dropout.

    Attributes:
        silent: Whether dropout is off in training too.

    Raises:
        UsageError: Heads that do not divide the width.
    """

    def __init__(self, width: int, layers: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise UsageError(
                f"{heads} heads do not divide a width of {width}", "choose heads that do"
            )
        self.silent = False
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, hidden, dropout, batch_first=True)
            for _ in range(layers)
        )

    def forward(self, tokens: Tensor, keys: Tensor | None = None) -> Tensor:
        """Transform tokens (B, T, d); ``keys`` (B, T) bool may be attended to, None is all."""
        self.layers.train(self.training and not self.silent)
        hidden = None if keys is None else ~keys
        for layer in self.layers:
            tokens = layer(tokens, src_key_padding_mask=hidden)
        return tokens
