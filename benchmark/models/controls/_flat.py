"""Controls that fit one estimator per task on flat features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import UnknownNameError
from benchmark.core.problem import Component, Task
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._config import ControlConfig
from benchmark.models.controls._tasks import Maker, TaskModel, fit_task, join_features


class FlatControl(Control):
    """Features of modalities side by side, NaN where missing, and an observed flag for each.

    The flags let missingness itself be used; a single number that is NaN inside an observed
    modality has none.

    Args:
        component: Modalities and tasks.
        config: Settings.
        seed: Of estimators that draw.
        used: Modalities used; None takes all.
    """

    def __init__(
        self,
        component: Component,
        config: ControlConfig,
        seed: int,
        used: Sequence[str] | None = None,
    ) -> None:
        super().__init__(component, config, seed)
        self.names = [modality.name for modality in component.modalities]
        self.used = self.names if used is None else list(used)
        for name in self.used:
            if name not in self.names:
                raise UnknownNameError("modality", name, self.names)
        self.models: dict[str, TaskModel] = {}

    @abstractmethod
    def maker(self, task: Task) -> Maker:
        """Return what makes the estimators of a task."""

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Fit every task on its labelled training rows.

        Raises:
            DataError: A task without a labelled row in training or validation.
        """
        x, x_val = (self._features(data) for data in (train, val))
        self.models = {
            task.name: fit_task(
                task,
                self.maker(task),
                (x, train.targets[task.name]),
                (x_val, val.targets[task.name]),
            )
            for task in self.component.tasks
        }

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task."""
        features = self._features(data)
        return {name: model.scores(features) for name, model in self.models.items()}

    def _features(self, data: ControlData) -> NDArray[np.float64]:
        return join_features(data, self.names, self.used)
