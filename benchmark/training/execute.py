"""Carry out one run: data, fit, predict, metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from benchmark.core.errors import UsageError
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, Part, Release
from benchmark.core.spec import RunSpec
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.data import RunData, SourceChoice, load_dataset, run_data
from benchmark.training.evaluate import metric_rows, prediction_table
from benchmark.training.strategies import STRATEGIES
from benchmark.training.strategies._base import Fitted, Job, Strategy

if TYPE_CHECKING:
    from torch import Tensor

_SCORED: tuple[Part, ...] = ("val", "test")


@dataclass(frozen=True)
class ExecutionContext:
    """What a run needs around it; nothing here changes its numbers on a CPU.

    Attributes:
        paths: Folders of this command.
        source: Which data a loader may use.
        device: ``cpu``, ``cuda:N`` or ``mps``.
        checkpoint: File for epoch checkpoints; None keeps none. The caller removes it once the
            result is stored.
        checkpoint_key: Names the code; a checkpoint of other code is not gone on with.
        progress: Called with an event (``data``, ``epoch``, ``predict``) and small facts.
        checkpoint_every_s: Seconds between two checkpoints.
    """

    paths: Paths
    source: SourceChoice
    device: str
    checkpoint: Path | None
    progress: Callable[[str, dict[str, Any]], None]
    checkpoint_every_s: float = 30.0
    checkpoint_key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run gives.

    Attributes:
        rows: Every metric of every task on validation and test.
        predictions: See :func:`benchmark.training.evaluate.prediction_table`; None where a run
            scores nothing.
        releases: Data used, by component name.
        seconds: Wall time of ``data``, ``fit``, ``predict`` and ``total``.
        info: Small facts, JSON values.
        weights: Kept weights on the CPU by parameter name; None for a control.
        samples: What an analysis found sample by sample; None without one.
    """

    rows: tuple[MetricRow, ...]
    predictions: pd.DataFrame | None
    releases: dict[str, Release]
    seconds: dict[str, float]
    info: dict[str, Any]
    weights: dict[str, Tensor] | None
    samples: pd.DataFrame | None = None


def execute(spec: RunSpec, context: ExecutionContext) -> Outcome:
    """Carry out a run of kind ``train``; equal specs give equal bits on a CPU.

    Raises:
        UsageError: A kind of run or a combination that does not exist.
        DataError: The data is missing, changed, or cannot be scored.
        DivergedError: Training produced something that is not finite.
    """
    if spec.kind != "train":
        raise UsageError(f"{spec.kind!r} runs are for benchmark.measures.execute")
    fix_numerics(spec.threads, context.device)
    clock = Clock()
    # The worker's environment may allow more: it is shared with runs that want more threads.
    with threadpool_limits(spec.threads):
        data = load_data(spec, context)
        clock.lap("data")
        fitted = _fit(spec, data, context)
        clock.lap("fit")
        context.progress("predict", {})
        rows, predictions = _score(data, fitted)
        clock.lap("predict")
    return Outcome(
        rows=tuple(rows),
        predictions=predictions,
        releases={data.component.dataset: data.dataset.release},
        seconds=clock.seconds(),
        info={"samples": data.sizes, "warnings": list(data.parts.warnings), **fitted.info},
        weights=fitted.weights,
    )


def fix_numerics(threads: int, device: str) -> None:
    """One thread count per spec, and only algorithms that repeat where that is possible."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(device == "cpu")


def load_data(spec: RunSpec, context: ExecutionContext) -> RunData:
    """Load a run's dataset and divide it."""
    dataset = load_dataset(spec.components[0], context.paths, context.source)
    data = run_data(spec, dataset)
    context.progress("data", dict(data.sizes))
    return data


def _fit(spec: RunSpec, data: RunData, context: ExecutionContext) -> Fitted:
    config = STRATEGIES.config(spec.strategy.name).parse(spec.strategy.config)
    strategy: Strategy = STRATEGIES.load(spec.strategy.name)(config)
    key = f"{spec.fingerprint} {context.checkpoint_key}"
    checkpoint = Checkpoint(context.checkpoint, key, context.checkpoint_every_s)
    return strategy.fit(Job(spec, data, context.device, checkpoint, context.progress))


def _score(data: RunData, fitted: Fitted) -> tuple[list[MetricRow], pd.DataFrame]:
    rows, tables = [], []
    for part in _SCORED:
        scores = fitted.predict(part)
        rows += metric_rows(data, part, scores)
        tables.append(prediction_table(data, part, scores))
    return rows, pd.concat(tables, ignore_index=True)


class Clock:
    """Wall time by phase."""

    def __init__(self) -> None:
        self._last = self._start = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, phase: str) -> None:
        """End a phase."""
        now = time.perf_counter()
        self._laps[phase], self._last = now - self._last, now

    def seconds(self) -> dict[str, float]:
        """Return the phases and their total."""
        return {**self._laps, "total": self._last - self._start}
