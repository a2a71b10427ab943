"""L2 Cox regression on a few principal components of each modality."""

from __future__ import annotations

from benchmark.core.problem import Component, Task
from benchmark.models.controls._base import ControlData
from benchmark.models.controls._flat import FlatControl
from benchmark.models.controls._survival import ComponentCox
from benchmark.models.controls._tasks import Maker
from benchmark.models.controls.config import PCARidgeCoxConfig


class PCARidgeCox(FlatControl):
    """A linear survival control that few events suffice for.

    Scaling and components are fitted on labelled training rows, modality by modality. See
    ``_survival.ComponentCox``.

    Args:
        component: Modalities and survival tasks.
        config: Settings of the estimator, modalities used.
        seed: Not used; nothing is drawn.

    Raises:
        UnknownNameError: A modality that the run does not have.
    """

    def __init__(self, component: Component, config: PCARidgeCoxConfig, seed: int) -> None:
        super().__init__(component, config, seed, config.modalities)
        self.config = config
        self.widths: list[int] = []

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Fit every task on its labelled training rows.

        Raises:
            DataError: A task without a labelled row in training or validation.
        """
        self.widths = [train.features[name].shape[1] for name in self.used]
        super().fit(train, val)

    def maker(self, task: Task) -> Maker:
        """Return what makes Cox regressions on components."""
        return lambda column: ComponentCox(self.config, self.widths)
