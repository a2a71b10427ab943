"""L2 regression on one modality that costs nothing to collect, such as age and sex."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._tasks import Maker, ridge_maker
from benchmark.models.controls.config import ClinicalOnlyConfig


class ClinicalOnly(FlatControl):
    """What a clinician knows without any of the costly modalities.

    Logistic, linear or Cox regression, by the kind of the task; the penalty is chosen on
    validation.

    Args:
        component: Modalities and tasks.
        config: Modality, settings of the estimators.
        seed: Not used; the solvers draw nothing.

    Raises:
        UnknownNameError: The run does not have the modality.
    """

    def __init__(self, component: Component, config: ClinicalOnlyConfig, seed: int) -> None:
        super().__init__(component, config, seed, [config.modality])
        self.config = config

    def maker(self, task: Task) -> Maker:
        """Return what makes regressions of the task's kind."""
        return ridge_maker(task.kind, self.config)
