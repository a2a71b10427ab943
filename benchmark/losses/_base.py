"""What every loss offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from benchmark.core.problem import Task, TaskKind


class Loss(nn.Module, ABC):
    """Objective of one task. Subclasses take ``(task, config, train_targets)``.

    ``train_targets`` are the labelled targets of the training rows, for class weights; a loss
    never sees others before training.

    Attributes:
        kinds: Task kinds it is defined for.
        empty: Why there is no mean where :meth:`weight` is 0.
        n_outputs: Logits the task needs under this loss.
    """

    kinds: ClassVar[tuple[TaskKind, ...]]
    empty: ClassVar[str] = "no labelled samples"
    n_outputs: int

    def __init__(self, task: Task) -> None:
        super().__init__()
        if task.kind not in self.kinds:
            raise ValueError(
                f"{type(self).__name__} is defined for {self.kinds}, "
                f"task {task.name!r} is {task.kind}"
            )
        self.task = task

    @abstractmethod
    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over labelled samples (labels, events) of a batch, a scalar.

        A batch without any gives 0 with zero gradient.

        Args:
            logits: (B, n_outputs).
            target: As in ``Batch.targets``.
        """

    def weight(self, target: Tensor) -> Tensor:
        """Return what the mean of :meth:`forward` divides by, a float scalar.

        It lets the means of micro-batches be joined exactly. Unless a loss says otherwise it is the
        number of labelled entries.

        Args:
            target: As in ``Batch.targets``.
        """
        known = target.isfinite() if target.is_floating_point() else target >= 0
        return known.sum().to(torch.float32)

    @abstractmethod
    def scores(self, logits: Tensor) -> Tensor:
        """Turn logits (B, n_outputs) into what metrics take (see ``benchmark.metrics``)."""
