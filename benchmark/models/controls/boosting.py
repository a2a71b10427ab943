"""Gradient-boosted trees on the flat features of all modalities."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._tasks import Maker, boost_maker
from benchmark.models.controls.config import BoostingConfig


class Boosting(FlatControl):
    """The nonlinear control: features of all modalities side by side, missing ones as NaN.

    Early stopping looks at the validation loss of each task (label) by itself: log-loss, squared
    error or Cox's partial likelihood. See ``_estimators.Boost``, ``_regression.BoostRegression``
    and ``_survival.BoostCox``.

    Args:
        component: Modalities and tasks.
        config: Settings of the estimator.
        seed: Of the drawn rows and features.
    """

    def __init__(self, component: Component, config: BoostingConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes boosted trees of the task's kind."""
        return boost_maker(task.kind, self.config, self.seed, task.name)
