"""L2 Cox regression on the flat features of all modalities."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._survival import LinearCox
from benchmark.models.controls._tasks import Maker
from benchmark.models.controls.config import RidgeCoxConfig


class RidgeCox(FlatControl):
    """The linear control of survival: missing features at the training mean.

    The penalty is chosen by validation c-index, for each task by itself. See
    ``_survival.LinearCox``.

    Args:
        component: Modalities and survival tasks.
        config: Settings of the estimator.
        seed: Not used; the solver draws nothing.
    """

    def __init__(self, component: Component, config: RidgeCoxConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes Cox regressions."""
        return lambda column: LinearCox(self.config)
