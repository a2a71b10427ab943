"""What is known without looking at any modality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.core.problem import Component, Task
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls.config import PriorConfig


class Prior(Control):
    """Scores every sample alike: frequencies of classes (labels), the mean value, or one risk.

    Counted among labelled training rows; the risk of survival tasks is 0, as only its order counts.
    Of masks, each pixel is predicted as the class most frequent there, the first of equal ones.

    Args:
        component: Tasks.
        config: No settings.
        seed: Not used.
    """

    def __init__(self, component: Component, config: PriorConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.constants: dict[str, NDArray[np.float64]] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Count.

        Raises:
            DataError: A task, or a label of it, has no labelled training row.
        """
        for task in self.component.tasks:
            self.constants[task.name] = _constant(task, train.targets[task.name])

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return the same scores for every sample."""
        n = len(data.observed)
        return {
            task.name: np.repeat(self.constants[task.name][None], n, axis=0)
            for task in self.component.tasks
        }


def _constant(task: Task, target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a sample's score, () or (C,) or (L,) or (H, W)."""
    known = np.isfinite(target)
    if task.kind == "segmentation":
        return _most_frequent(task, target)
    if not known.any(axis=0).all():
        raise _unlabelled(task)
    if task.kind == "survival":
        return np.asarray(0.0)
    if task.kind in ("regression", "multilabel"):
        return np.asarray(np.where(known, target, 0.0).sum(axis=0) / known.sum(axis=0))
    counts = np.bincount(target[known].astype(np.int64), minlength=len(task.classes))
    shares = np.asarray(counts / counts.sum(), dtype=np.float64)
    return shares[1] if task.kind == "binary" else shares


def _most_frequent(task: Task, masks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the class of each pixel that most training masks have there, (H, W)."""
    if not (masks >= 0).any():
        raise _unlabelled(task)
    counts = [(masks == label).sum(axis=0) for label in range(len(task.classes))]
    return np.asarray(np.argmax(counts, axis=0), dtype=np.float64)


def _unlabelled(task: Task) -> DataError:
    return DataError(
        f"task {task.name!r} has no usable label in the training part",
        "choose another task or another split",
    )
