"""L2 logistic regression on the flat features of all modalities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.problem import Component
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._tasks import TaskModel, join_features, per_task, ridge_maker
from benchmark.models.controls.config import RidgeLogisticConfig


class RidgeLogistic(Control):
    """The linear control: features of all modalities side by side, missing ones at the mean.

    One observed flag per modality is added, so that missingness itself may be used; a single number
    that is NaN inside an observed modality is imputed without a flag. The penalty is chosen by
    validation log-loss, for each task (label) by itself. See ``_estimators.Ridge``.

    Args:
        component: Modalities and tasks.
        config: Settings of the estimator.
        seed: Not used; the solver draws nothing.
    """

    def __init__(self, component: Component, config: RidgeLogisticConfig, seed: int) -> None:
        super().__init__(component, seed)
        self.config = config
        self.names = [modality.name for modality in component.modalities]
        self.models: dict[str, TaskModel] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Fit every task on its labelled training rows.

        Raises:
            DataError: A task without a labelled row in training or validation.
        """
        self.models = per_task(
            self.component.tasks,
            lambda task: ridge_maker(self.config),
            (self._features(train), train.targets),
            (self._features(val), val.targets),
        )

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task."""
        features = self._features(data)
        return {name: model.scores(features) for name, model in self.models.items()}

    def _features(self, data: ControlData) -> NDArray[np.float64]:
        return join_features(data, self.names, self.names)
