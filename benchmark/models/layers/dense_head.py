"""Class scores of pixels from the tokens of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem

if TYPE_CHECKING:
    from benchmark.models.encoders._base import Encoder


class DenseHead(nn.Module):
    """Every patch token gives the scores of its own pixels by one linear map.

    ``D -> C a b`` for patches of (a, b) pixels, laid out as the patches lie, ``(D + 1) C a b``
    parameters: the dense head of Mod-Squad (Chen et al., CVPR 2023) as M4oE describes it. Where the
    grid does not divide the image, patches are rounded up and what overhangs is cut off.

    Args:
        width: D.
        grid: (h, w) patches.
        size: (H, W) of the image in pixels.
        classes: C.
    """

    def __init__(
        self, width: int, grid: tuple[int, int], size: tuple[int, int], classes: int
    ) -> None:
        super().__init__()
        self.grid, self.size, self.classes = grid, size, classes
        self.patch = (-(-size[0] // grid[0]), -(-size[1] // grid[1]))  # ceil
        self.linear = nn.Linear(width, classes * self.patch[0] * self.patch[1])

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens to pixels.

        Args:
            tokens: (B, P, D), of which the last h w are those of the grid, row by row.

        Returns:
            (B, C, H, W).
        """
        (h, w), (a, b) = self.grid, self.patch
        scores = self.linear(tokens[:, tokens.shape[1] - h * w :])  # (B, h w, C a b)
        split = scores.reshape(-1, h, w, self.classes, a, b)
        whole: Tensor = split.permute(0, 3, 1, 4, 2, 5).reshape(-1, self.classes, h * a, w * b)
        return whole[:, :, : self.size[0], : self.size[1]]


class DenseHeads(nn.Module):
    """A dense head for every segmentation task of a problem with one dataset, often none.

    Args:
        problem: Says the tasks, and the size of the image, which is that of its masks.
        modality: Modality whose tokens are read; it must be given if there is a segmentation.
        encoders: By modality; that one's has a grid.
        width: D of the tokens that are read; None is the encoder's.

    Attributes:
        outputs: Number of classes by task.
        number: Place of the modality in the dataset; 0 if there is none to read.

    Raises:
        UsageError: There is a segmentation task and no modality, or no grid.
    """

    def __init__(
        self,
        problem: Problem,
        modality: str | None,
        encoders: Mapping[str, Encoder],
        width: int | None = None,
    ) -> None:
        super().__init__()
        only = problem.only
        names = [one.name for one in only.modalities]
        self.outputs = {
            task.name: problem.n_outputs(only.dataset, task.name)
            for task in only.tasks
            if task.kind == "segmentation"
        }
        self.number = 0 if modality is None else _place(modality, names)
        heads: list[DenseHead] = []
        for task, classes in self.outputs.items():
            grid = None if modality is None else encoders[modality].grid
            if modality is None or grid is None:
                raise UsageError(
                    f"task {task!r} is a segmentation, for which the model reads the tokens of an "
                    f"image: {'dense is not set' if modality is None else 'there is no grid'}",
                    "set the model's dense to the segmented modality, with an image encoder",
                )
            rows, columns = only.modality(modality).shape[-2:]
            own = encoders[modality].width if width is None else width
            heads.append(DenseHead(own, grid, (rows, columns), classes))
        self.heads = nn.ModuleList(heads)

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """Map tokens (B, P, D) to logits (B, C, H, W) by task."""
        return self.each([tokens] * len(self.outputs))

    def each(self, tokens: Sequence[Tensor]) -> dict[str, Tensor]:
        """Map tokens (B, P, D) of each task, in the order of ``outputs``, to its logits."""
        pairs = zip(self.outputs, self.heads, tokens, strict=True)
        return {task: head(own) for task, head, own in pairs}


def _place(modality: str, names: Sequence[str]) -> int:
    if modality not in names:
        raise UsageError(
            f"dense names the modality {modality!r}, the dataset has {', '.join(names)}",
            "set the model's dense to one of them",
        )
    return names.index(modality)


def modality_tokens(tokens: Tensor, counts: Sequence[int], number: int) -> Tensor:
    """Return the tokens (B, P_m, D) of one modality among those of all, (B, sum P_m, D)."""
    part: Tensor = torch.split(tokens, list(counts), dim=1)[number]
    return part
