"""What analyses and scenarios get, and what they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Task
from benchmark.core.result import MetricRow, Part
from benchmark.core.spec import RunSpec
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.training.data import RunData
from benchmark.training.evaluate import autocast


@dataclass(frozen=True)
class Parent:
    """A stored run whose weights are looked at.

    Attributes:
        spec: As it was trained.
        weights: File of its trained weights.
        digest: sha256 the file had when the run was stored; empty if it kept none.
    """

    spec: RunSpec
    weights: Path
    digest: str


class Scenario(ABC):
    """Changes what a trained model is given. Subclasses take their config and the run's seed."""

    @abstractmethod
    def apply(self, batch: Batch, data: RunData, part: Part) -> Batch:
        """Return the changed samples of a batch; targets stay.

        Whatever is random must depend on the run's seed and on ``batch.rows`` only, so that other
        batch sizes give the same samples.
        """

    def subgroups(self, data: RunData, part: Part) -> Mapping[str, NDArray[np.bool_]]:
        """Return named subsets of a part's samples, (n,) each, that are scored on their own."""
        return {}


@dataclass(frozen=True)
class Trained:
    """A model as a run left it, on the data it was trained for.

    Attributes:
        spec: The run that trained it.
        model: In evaluation mode, on ``device``.
        losses: Of its tasks; ``losses[task].scores(logits)`` gives what metrics take.
        data: Rows of the run.
        device: Where to compute.
        batch_size: Samples of a forward pass; the same as when it was scored after training.
        precision: ``fp32`` or ``bf16``.
        scenario: What changes its inputs; None leaves them.
        label: What the scenario is called: ``clean`` without one.
    """

    spec: RunSpec
    model: Model
    losses: Mapping[str, Loss]
    data: RunData
    device: str
    batch_size: int
    precision: str = "fp32"
    scenario: Scenario | None = None
    label: str = "clean"

    @property
    def tasks(self) -> Sequence[Task]:
        """Tasks it was trained for."""
        return self.data.component.tasks

    def batches(self, part: Part) -> Iterator[Batch]:
        """Yield the samples of a part in order, changed by the scenario, on the device."""
        whole = self.data.batch(part)
        for index in torch.arange(whole.size).split(self.batch_size):
            batch = whole.select(index)
            if self.scenario is not None:
                batch = self.scenario.apply(batch, self.data, part)
            yield batch.to(self.device)

    def outputs(self, part: Part) -> Iterator[tuple[Batch, Output]]:
        """Yield every batch of a part with what the model returns for it, without gradients."""
        self.model.eval()
        for batch in self.batches(part):
            with torch.no_grad(), autocast(self.device, self.precision):
                output = self.model(batch)
            yield batch, output

    def scores(self, task: str, logits: torch.Tensor) -> NDArray[np.float64]:
        """Return what metrics take, from (N, C) logits of a task."""
        found: NDArray[np.float64] = (
            self.losses[task].scores(logits.float()).cpu().numpy().astype(np.float64)
        )
        return found

    def samples(self, part: Part, columns: Mapping[str, Any]) -> pd.DataFrame:
        """Return a table of a part's samples: who they are, and ``columns`` of length n each."""
        ids = self.data.stored_ids(part)
        frame = pd.DataFrame({"part": part, "dataset": self.data.component.dataset, **ids})
        return pd.concat([frame, pd.DataFrame(dict(columns), index=frame.index)], axis=1)


@dataclass(frozen=True)
class Analysed:
    """What an analysis gives.

    Attributes:
        rows: Numbers for tables; ``metric`` is the id of a metric or of a quantity.
        samples: One row per sample, see :meth:`Trained.samples`; kept beside the result.
        info: Small facts for a reader, JSON values.
    """

    rows: tuple[MetricRow, ...] = ()
    samples: pd.DataFrame | None = None
    info: dict[str, Any] = field(default_factory=dict)
