"""Scale and shift of views by what they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmark.models.layers.views import positions, read_view


class ViewCondition(nn.Module):
    """``y_v = x_v * (A e_v + a) + (S e_v + s)``, e_v three embeddings of width E side by side.

    They stand for projection, time of the examination and side. All views are of one examination
    here, so that time has one entry. Where a dataset's views are image types of one breast, the
    type takes the place of the side. ``(V + 1 + S) E + 2 (3 E + 1) D`` parameters for V different
    projections and S different sides.

    Args:
        width: D.
        names: Modalities, in the order of the views.
        embedding: E.
    """

    projections: Tensor
    sides: Tensor

    def __init__(self, width: int, names: Sequence[str], embedding: int) -> None:
        super().__init__()
        views = [read_view(name) for name in names]
        projections, n_projections = positions([view.projection for view in views])
        sides, n_sides = positions([view.side for view in views])
        self.register_buffer("projections", torch.tensor(projections), persistent=False)
        self.register_buffer("sides", torch.tensor(sides), persistent=False)
        self.projection = nn.Embedding(n_projections, embedding)
        self.time = nn.Embedding(1, embedding)
        self.side = nn.Embedding(n_sides, embedding)
        self.scale = nn.Linear(3 * embedding, width)
        self.shift = nn.Linear(3 * embedding, width)

    def forward(self, views: Tensor) -> Tensor:
        """Condition views (B, N, D)."""
        time = self.time(torch.zeros_like(self.sides))
        code = torch.cat([self.projection(self.projections), time, self.side(self.sides)], dim=1)
        conditioned: Tensor = views * self.scale(code) + self.shift(code)
        return conditioned
