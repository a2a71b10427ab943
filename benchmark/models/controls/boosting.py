"""Gradient-boosted trees on the flat features of all modalities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.problem import Component
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._tasks import TaskModel, boost_maker, join_features, per_task
from benchmark.models.controls.config import BoostingConfig


class Boosting(Control):
    """The nonlinear control: features of all modalities side by side, missing ones as NaN.

    One observed flag per modality is added. Early stopping looks at the validation log-loss of each
    task (label) by itself. See ``_estimators.Boost``.

    Args:
        component: Modalities and tasks.
        config: Settings of the estimator.
        seed: Of the drawn rows and features.
    """

    def __init__(self, component: Component, config: BoostingConfig, seed: int) -> None:
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
            lambda task: boost_maker(self.config, self.seed, task.name),
            (self._features(train), train.targets),
            (self._features(val), val.targets),
        )

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task."""
        features = self._features(data)
        return {name: model.scores(features) for name, model in self.models.items()}

    def _features(self, data: ControlData) -> NDArray[np.float64]:
        return join_features(data, self.names, self.names)
