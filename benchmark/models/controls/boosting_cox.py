"""Gradient-boosted trees for survival, with settings for few patients and many features."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._tasks import Maker, boost_maker
from benchmark.models.controls.config import BoostingCoxConfig


class BoostingCox(FlatControl):
    """The nonlinear survival control: features side by side, missing ones as NaN.

    Early stopping looks at the validation partial likelihood. It is ``boosting`` of a survival task
    with other default settings. See ``_survival.BoostCox``.

    Args:
        component: Modalities and survival tasks.
        config: Settings of the estimator.
        seed: Of the drawn rows and features.
    """

    def __init__(self, component: Component, config: BoostingCoxConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes boosted Cox trees."""
        return boost_maker(task.kind, self.config, self.seed, task.name)
