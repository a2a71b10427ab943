"""What stands for a masked modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["random", "mean", "zero"]


class Masks(nn.Module):
    """Codes in place of a modality's, of the shape of its codes.

    ``random`` is a fresh standard normal draw, ``zero`` is zeros, ``mean`` the mean of all observed
    training codes so far, token by token, without gradient; it is never reset, and holds the codes
    of weights that have changed since.

    Args:
        kind: Which of these.
        shared: Whether all experts get one random draw.
        shapes: (D,) or (P, D) of every modality's codes.
    """

    seen: Tensor

    def __init__(self, kind: Kind, shared: bool, shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.kind, self.shared = kind, shared
        self.register_buffer("seen", torch.zeros(len(shapes)))
        for m, shape in enumerate(shapes if kind == "mean" else ()):
            self.register_buffer(f"mean_{m}", torch.zeros(shape))

    def observe(self, codes: Sequence[Tensor], observed: Tensor) -> None:
        """Take the codes of a training batch into the means."""
        if self.kind != "mean":
            return
        with torch.no_grad():
            for m, code in enumerate(codes):
                count = observed[:, m].sum()
                self.seen[m] += count
                mean = self.get_buffer(f"mean_{m}")
                total = code.detach()[observed[:, m]].to(mean.dtype).sum(dim=0)
                mean += (total - count * mean) / self.seen[m].clamp(min=1)

    def draw(self, experts: int, m: int, code: Tensor) -> Tensor:
        """Return codes (E, B, ...) for modality m, whose codes are (B, ...)."""
        if self.kind == "random":
            shape = (1 if self.shared else experts, *code.shape)
            drawn = torch.randn(shape, dtype=code.dtype, device=code.device)
            return drawn.expand(experts, *code.shape)
        if self.kind == "zero":
            return torch.zeros_like(code).expand(experts, *code.shape)
        mean = self.get_buffer(f"mean_{m}").to(code.dtype)
        return mean.expand(experts, *code.shape)
