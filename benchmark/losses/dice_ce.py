"""Cross-entropy of pixels plus soft Dice."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.core.errors import UsageError
from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses.config import DiceCEConfig


class DiceCE(Loss):
    r"""Mean cross-entropy of the pixels plus one minus the soft Dice of the foreground.

    For sample i with labelled pixels q, probabilities p and one-hot truth g:
    ``L_i = a mean_q(-log p_{q,y_q}) + b (1 - mean_{c>=1} D_c)`` with
    ``D_c = (2 sum_q p_{q,c} g_{q,c} + s) / (sum_q p_{q,c} + sum_q g_{q,c} + s)``;
    the loss is the mean over the samples with a labelled pixel. Class 0 is the background. Soft
    Dice: Milletari et al., "V-Net" (3DV 2016), with plain instead of squared sums in the
    denominator.

    Args:
        task: Segmentation.
        config: Weights a and b, smoothing s.
        train_targets: Not used.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("segmentation",)

    def __init__(self, task: Task, config: DiceCEConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.config = config
        self.n_outputs = len(task.classes)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over samples with a labelled pixel, a scalar.

        Args:
            logits: (B, C, H, W).
            target: (B, H, W) int64 class; -1 is unlabelled.

        Raises:
            UsageError: Logits of another size than the masks.
        """
        if logits.shape != (len(target), self.n_outputs, *target.shape[1:]):
            raise UsageError(
                f"logits of task {self.task.name!r} have shape {tuple(logits.shape)}, its masks "
                f"{tuple(target.shape)}: expected (B, {self.n_outputs}, H, W) and (B, H, W)",
                "give the model a dense head of the masks' size",
            )
        labelled = (target >= 0).flatten(1).any(dim=1)
        if not bool(labelled.any()):
            return logits[labelled].sum()  # an empty sum: 0, still part of the graph
        logits, target = logits[labelled].flatten(2), target[labelled].flatten(1)
        known = (target >= 0).to(logits.dtype)
        entropy = functional.cross_entropy(logits, target, ignore_index=-1, reduction="none")
        ce = (entropy * known).sum(dim=1) / known.sum(dim=1)
        overlap = 1 - self._soft_dice(logits, target, known)
        return (self.config.ce * ce + self.config.dice * overlap).mean()

    def _soft_dice(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        """Return the mean soft Dice of the foreground classes, (B,)."""
        probabilities = logits.softmax(dim=1) * known[:, None]
        truth = functional.one_hot(target.clamp(min=0), self.n_outputs).transpose(1, 2)
        truth = truth.to(logits.dtype) * known[:, None]
        both = (probabilities * truth).sum(dim=2)
        sizes = probabilities.sum(dim=2) + truth.sum(dim=2)
        dice = (2 * both + self.config.smooth) / (sizes + self.config.smooth)
        return dice[:, 1:].mean(dim=1)

    def weight(self, target: Tensor) -> Tensor:
        """Return the number of samples with a labelled pixel."""
        return (target >= 0).flatten(1).any(dim=1).sum().to(torch.float32)

    def scores(self, logits: Tensor) -> Tensor:
        """Return the most probable class of each pixel, (B, H, W) int64."""
        return logits.argmax(dim=1)
