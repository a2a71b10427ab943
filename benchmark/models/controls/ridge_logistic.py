"""L2 logistic regression on the flat features of all modalities."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._estimators import Ridge
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._tasks import Maker
from benchmark.models.controls.config import RidgeLogisticConfig


class RidgeLogistic(FlatControl):
    """The linear control of tasks with classes: missing features at the training mean.

    The penalty is chosen by validation log-loss, for each task (label) by itself. See
    ``_estimators.Ridge``.

    Args:
        component: Modalities and tasks.
        config: Settings of the estimator.
        seed: Not used; the solver draws nothing.
    """

    def __init__(self, component: Component, config: RidgeLogisticConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes logistic regressions."""
        return lambda column: Ridge(self.config)
