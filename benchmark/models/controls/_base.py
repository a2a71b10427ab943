"""What every control offers: a plain method that any model must beat."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import UsageError
from benchmark.core.measured import Measured
from benchmark.core.problem import Component, Frozen
from benchmark.models.controls._config import ControlConfig


@dataclass(frozen=True)
class ControlData:
    """Rows of one part as flat features.

    Attributes:
        features: ``(N, F_m)`` by modality, in order; NaN rows where unobserved.
        observed: ``(N, M)`` bool.
        targets: ``(N,)`` class or value, ``(N, L)`` labels, ``(N, 2)`` time and event or
            ``(N, H, W)`` class of each pixel, float by task; NaN, or -1 in masks, = unlabelled.
        series: Measurements of the sequence modalities, none of unobserved rows; only for a control
            that :attr:`Control.reads_series`.
    """

    features: Mapping[str, NDArray[np.float64]]
    observed: NDArray[np.bool_]
    targets: Mapping[str, NDArray[np.float64]]
    series: Mapping[str, Measured] = field(default_factory=dict)


class Control(ABC):
    """A method outside the training loop. Subclasses take ``(component, config, seed)``.

    Attributes:
        reads_series: Whether it takes statistics of its own of sequences, from their measurements.
        info: Facts for the result record, e.g. the chosen modality.

    Raises:
        UsageError: A task is of a kind the control cannot be fitted to.
    """

    reads_series: ClassVar[bool] = False

    def __init__(self, component: Component, config: Frozen, seed: int) -> None:
        # The config of somebody's own control need not say which kinds fit.
        kinds = getattr(config, "kinds", ControlConfig.kinds)
        for task in component.tasks:
            if task.kind not in kinds:
                raise UsageError(
                    f"{type(self).__name__} cannot be fitted to task {task.name!r}, "
                    f"which is {task.kind}",
                    f"it is for {', '.join(kinds)}",
                )
        self.component = component
        self.seed = seed
        self.info: dict[str, Any] = {}

    @abstractmethod
    def fit(self, train: ControlData, val: ControlData) -> None:
        """Fit on training rows; choose, if there is anything to choose, on validation rows."""

    @abstractmethod
    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task in the form metrics take (see ``benchmark.metrics``)."""
