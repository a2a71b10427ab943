"""Controls: call their own fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import UsageError
from benchmark.core.result import Part
from benchmark.models import MODELS
from benchmark.models.controls._base import Control, ControlData
from benchmark.splits import PartName
from benchmark.training.config import FitConfig
from benchmark.training.strategies._base import Fitted, Job, Strategy


class Fit(Strategy):
    """Fits a control on flat features; nothing to schedule, nothing to checkpoint.

    Args:
        config: No settings.
    """

    def __init__(self, config: FitConfig) -> None:
        self.config = config

    def fit(self, job: Job) -> Fitted:
        """Fit the control on training rows and let it choose on validation rows.

        Raises:
            UsageError: The run's model is not a control.
        """
        name = job.spec.model.name
        cls = MODELS.load(name)
        if not issubclass(cls, Control):
            raise UsageError(
                f"strategy 'fit' runs controls, {name!r} is a model", "use strategy 'plain'"
            )
        config = MODELS.config(name).parse(job.spec.model.config)
        control: Control = cls(job.data.component, config, job.spec.seed)

        def data(part: PartName) -> ControlData:
            return job.data.control_data(part, cls.reads_series)

        control.fit(data("train"), data("val"))

        def predict(part: Part) -> dict[str, NDArray[np.float64]]:
            return control.predict(data(part))

        return Fitted(predict, dict(control.info))
