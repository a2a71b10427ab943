"""The best single modality: what fusion has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Component, Task
from benchmark.metrics.evaluate import evaluate, metric_info
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._tasks import (
    Maker,
    TaskModel,
    boost_maker,
    fit_task,
    join_features,
    ridge_maker,
)
from benchmark.models.controls.config import BestSingleConfig

_METRIC = {"binary": "auroc_binary", "regression": "mae", "survival": "c_index"}


class BestSingle(Control):
    """Fits one estimator per modality and keeps, task by task, the best on validation.

    Of equal modalities the first is kept. A sample without the chosen modality is scored from its
    observed flag and imputed features, which is close to the class frequencies of such samples.

    Attributes:
        info: ``modality`` and ``metric`` by task, and ``validation``: the metric of every modality
            (None where it is undefined).

    Args:
        component: Modalities and tasks.
        config: Estimator and metric.
        seed: Of estimators that draw.
    """

    def __init__(self, component: Component, config: BestSingleConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config
        self.names = [modality.name for modality in component.modalities]
        self.chosen: dict[str, tuple[str, TaskModel]] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Fit and choose.

        Raises:
            DataError: No labels, or the metric is undefined on validation for every modality.
            UnknownNameError: The metric does not exist.
            UsageError: It is not defined for a task's kind.
        """
        self.info = {"modality": {}, "metric": {}, "validation": {}}
        for task in self.component.tasks:
            self._choose(task, self._metric(task), train, val)

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task."""
        return {
            task: model.scores(join_features(data, self.names, [name]))
            for task, (name, model) in self.chosen.items()
        }

    def _choose(self, task: Task, metric: str, train: ControlData, val: ControlData) -> None:
        models, values = {}, {}
        truth = val.targets[task.name]
        for name in self.names:
            x, x_val = (join_features(data, self.names, [name]) for data in (train, val))
            model = fit_task(
                task, self._maker(task, name), (x, train.targets[task.name]), (x_val, truth)
            )
            models[name] = model
            values[name] = evaluate(metric, task.kind, truth, model.scores(x_val))
        sign = 1 if metric_info(metric).higher_is_better else -1
        ranked = {name: sign * one.value for name, one in values.items() if one.value is not None}
        if not ranked:
            reason = values[self.names[0]].reason
            raise DataError(
                f"{metric} of task {task.name!r} is undefined on the validation part: {reason}",
                "choose another metric, or a split whose validation part has it",
            )
        best = max(ranked, key=ranked.__getitem__)  # the first of equal ones
        self.chosen[task.name] = (best, models[best])
        self.info["modality"][task.name] = best
        self.info["metric"][task.name] = metric
        self.info["validation"][task.name] = {name: one.value for name, one in values.items()}

    def _metric(self, task: Task) -> str:
        metric = self.config.metric or _METRIC.get(task.kind, "auroc_ovr_macro")
        kinds = metric_info(metric).kinds
        if task.kind not in kinds:
            raise UsageError(
                f"best_single cannot choose by {metric!r}: task {task.name!r} is {task.kind}",
                f"{metric} is defined for {', '.join(kinds)} tasks",
            )
        return metric

    def _maker(self, task: Task, modality: str) -> Maker:
        if self.config.estimator == "ridge_logistic":
            return ridge_maker(task.kind, self.config)
        return boost_maker(task.kind, self.config.boosting, self.seed, task.name, modality)
