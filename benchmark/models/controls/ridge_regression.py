"""L2 linear regression on the flat features of all modalities."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._regression import LinearRegressor
from benchmark.models.controls._tasks import Maker
from benchmark.models.controls.config import RidgeRegressionConfig


class RidgeRegression(FlatControl):
    """The linear control of regression: missing features at the training mean.

    The penalty is chosen by validation squared error, for each task by itself. See
    ``_regression.LinearRegressor``.

    Args:
        component: Modalities and regression tasks.
        config: Settings of the estimator.
        seed: Not used; the solver draws nothing.
    """

    def __init__(self, component: Component, config: RidgeRegressionConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes linear regressions."""
        return lambda column: LinearRegressor(self.config)
