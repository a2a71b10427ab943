"""What every training strategy offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.result import Part
from benchmark.core.spec import RunSpec
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.data import RunData

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Job:
    """What a strategy works with.

    Attributes:
        spec: The run.
        data: Its rows.
        device: Where to compute.
        checkpoint: Where to keep epochs.
        progress: Called with an event name and small facts.
    """

    spec: RunSpec
    data: RunData
    device: str
    checkpoint: Checkpoint
    progress: Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Fitted:
    """What a strategy leaves.

    Attributes:
        predict: Scores by task of a part, in the form metrics take.
        info: Small facts for the result record.
        weights: The kept weights on the CPU; None where there are none.
    """

    predict: Callable[[Part], dict[str, NDArray[np.float64]]]
    info: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Tensor] | None = None


class Strategy(ABC):
    """A way from a spec to fitted predictions. Subclasses take their config."""

    @abstractmethod
    def fit(self, job: Job) -> Fitted:
        """Fit on the training rows, select on validation; never look at test rows."""
