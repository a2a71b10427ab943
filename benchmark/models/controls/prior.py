"""Class frequencies: what is known without looking at any modality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.core.problem import Component, Task
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls.config import PriorConfig


class Prior(Control):
    """Scores every sample by the frequencies of classes (labels) among labelled training rows.

    Args:
        component: Tasks.
        config: No settings.
        seed: Not used.
    """

    def __init__(self, component: Component, config: PriorConfig, seed: int) -> None:
        super().__init__(component, seed)
        self.frequencies: dict[str, NDArray[np.float64]] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Count.

        Raises:
            DataError: A task, or a label of it, has no labelled training row.
        """
        for task in self.component.tasks:
            self.frequencies[task.name] = _frequencies(task, train.targets[task.name])

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return the same scores for every sample."""
        n = len(data.observed)
        return {
            task.name: np.full(n, self.frequencies[task.name][1])
            if task.kind == "binary"
            else np.tile(self.frequencies[task.name], (n, 1))
            for task in self.component.tasks
        }


def _frequencies(task: Task, target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (C,) shares of classes, or (L,) shares of positives per label."""
    known = np.isfinite(target)
    if not known.any(axis=0).all():
        raise DataError(
            f"task {task.name!r} has no usable label in the training part",
            "choose another task or another split",
        )
    if task.kind == "multilabel":
        return np.asarray(np.where(known, target, 0.0).sum(axis=0) / known.sum(axis=0))
    counts = np.bincount(target[known].astype(np.int64), minlength=len(task.classes))
    return np.asarray(counts / counts.sum(), dtype=np.float64)
