"""How many experts a token of each task goes to, adapted to the task's validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


class AdaptiveK(nn.Module):
    """k of every task, kept in buffers.

    A task whose loss has not fallen for ``patience`` validations gets one expert more. If that does
    not help within as many validations, it loses one again and keeps what it has for good.

    Args:
        tasks: Names of the tasks.
        start: k at first.
        largest: Most that k may be.
        patience: Validations without a smaller loss.
    """

    k: Tensor
    best: Tensor
    waited: Tensor
    tried: Tensor
    settled: Tensor

    def __init__(self, tasks: Sequence[str], start: int, largest: int, patience: int) -> None:
        super().__init__()
        self.tasks, self.largest, self.patience = tuple(tasks), largest, patience
        self.register_buffer("k", torch.full((len(tasks),), start))
        self.register_buffer("best", torch.full((len(tasks),), math.inf, dtype=torch.float64))
        self.register_buffer("waited", torch.zeros(len(tasks), dtype=torch.int64))
        self.register_buffer("tried", torch.zeros(len(tasks), dtype=torch.bool))
        self.register_buffer("settled", torch.zeros(len(tasks), dtype=torch.bool))

    def of_tasks(self) -> list[int]:
        """Return k by task."""
        found: list[int] = self.k.tolist()
        return found

    def update(self, losses: Mapping[str, float]) -> None:
        """Look at a validation.

        Args:
            losses: Validation loss by task; a task without one stays as it is.
        """
        for t, task in enumerate(self.tasks):
            if task in losses:
                self._update(t, losses[task])

    def _update(self, t: int, loss: float) -> None:
        if loss < float(self.best[t]):
            self.best[t], self.waited[t], self.tried[t] = loss, 0, False
            return
        self.waited[t] += 1
        if self.settled[t] or int(self.waited[t]) < self.patience:
            return
        self.waited[t] = 0
        if self.tried[t]:
            self.k[t] -= 1
            self.settled[t] = True
        elif int(self.k[t]) < self.largest:
            self.k[t] += 1
            self.tried[t] = True
