"""Bootstrap intervals of cells whose runs share one split, from stored test predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.statistics.bootstrap import BootstrapInterval, Positions, bootstrap
from benchmark.analysis.statistics.rank_auroc import rank_auroc
from benchmark.analysis.statistics.ratio import split_name
from benchmark.core.problem import Task, TaskKind
from benchmark.manifest.described import describe
from benchmark.manifest.expand import CellRun, Cells, Expansion
from benchmark.manifest.schema import TableColumn
from benchmark.metrics import METRICS
from benchmark.metrics.evaluate import evaluate

if TYPE_CHECKING:
    from pandas import DataFrame

RESAMPLES = 1000
#: Metrics that ranks give a hundred times faster, up to rounding.
_BY_RANKS = (("auroc_binary", "binary"), ("auroc_ovr_macro", "multilabel"))
_SEED = 0

#: Stored predictions of a run; None where there are none.
Predictions = Callable[[str], "DataFrame | None"]
Intervals = dict[tuple[str, str], BootstrapInterval]


@dataclass(frozen=True)
class Scored:
    """Test samples of a cell with the scores of each of its runs.

    Attributes:
        truth: (N,) or (N, L) as in ``benchmark.metrics``; labelled samples only.
        scores: (N,) or (N, C) of each run (seed).
        groups: (N,) patient of each sample, or the sample itself where predictions name none.
        stratified: Whether the split fixed the share of each class in its parts.
    """

    truth: NDArray[np.float64]
    scores: tuple[NDArray[np.float64], ...]
    groups: tuple[str, ...]
    stratified: bool

    def strata(self) -> list[float] | None:
        """Return classes to draw within: those the split fixed, where patients have one sample."""
        alone = len(set(self.groups)) == len(self.groups)
        if alone and self.stratified and self.truth.ndim == 1:
            return [float(one) for one in self.truth]
        return None


def cell_intervals(
    expansion: Expansion,
    predictions: Predictions,
    resamples: int = RESAMPLES,
) -> Intervals:
    """Return the 95 % interval of every cell over one split, by row and column key.

    The number is the mean over seeds; every resample of the test samples scores all seeds, so the
    interval says what another draw of test samples would do to these trained models. Patients are
    drawn whole. Where each has one sample, and the split kept the shares of the task's classes,
    so do resamples. Cells over several splits, with runs missing or without stored predictions are
    left out.

    Args:
        expansion: Rows, columns and runs.
        predictions: Of ``RunStore.read_predictions``.
        resamples: How many.
    """
    columns = {column.key: column for column in expansion.manifest.table_columns()}
    stratify = {run.spec.fingerprint: run.spec.split.stratify for run in expansion.runs}
    kinds = TaskKinds(expansion)
    read = PredictionReader(predictions)
    found = {}
    for (row, key), runs in over_one_split(expansion).items():
        task = kinds.task(columns[key])
        scored = read.scored(runs, task, stratify[runs[0].fingerprint] == task.name)
        if scored is not None:
            found[row, key] = interval(scored, columns[key].metric, task.kind, resamples)
    return found


def over_one_split(expansion: Expansion) -> Cells:
    """Return the cells that are a model's own scores and whose runs all share one split."""
    splits = {run.spec.fingerprint: split_name(run.spec.split) for run in expansion.runs}
    scored = {one.key for one in expansion.manifest.table_columns() if one.metric in METRICS}
    return {
        (row, column): runs
        for (row, column), runs in expansion.cells.items()
        if column in scored
        and all((run.pick.head, run.pick.subgroup) == ("main", "all") for run in runs)
        and len({splits[run.fingerprint] for run in runs}) == 1
    }


def interval(
    scored: Scored, metric: str, kind: TaskKind, resamples: int = RESAMPLES
) -> BootstrapInterval:
    """Return the bootstrap interval of a metric's mean over runs."""

    def mean(positions: Positions) -> float:
        truth = scored.truth[positions]
        return math.fsum(
            _number(metric, kind, truth, one[positions]) for one in scored.scores
        ) / len(scored.scores)

    return bootstrap(mean, scored.groups, _SEED, strata=scored.strata(), resamples=resamples)


def _number(
    metric: str, kind: TaskKind, truth: NDArray[np.float64], score: NDArray[np.float64]
) -> float:
    if (metric, kind) in _BY_RANKS:
        return rank_auroc(truth, score)
    value = evaluate(metric, kind, truth, score).value
    return math.nan if value is None else value


class TaskKinds:
    """Tasks of the table's datasets; each dataset is described once."""

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.tasks: dict[str, dict[str, Task]] = {}

    def task(self, column: TableColumn) -> Task:
        """Return the task of a column; LookupError where its dataset cannot be described."""
        if column.dataset not in self.tasks:
            one = self.expansion
            component = describe(one.manifest, column.dataset, one.variant, one.profile)
            if component is None:
                raise LookupError(f"dataset {column.dataset!r} cannot be described")
            self.tasks[column.dataset] = {task.name: task for task in component.tasks}
        return self.tasks[column.dataset][column.task]


class PredictionReader:
    """Puts the predictions of a cell's runs side by side; each file is read once in a row."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.frames: dict[str, DataFrame | None] = {}

    def scored(self, runs: Sequence[CellRun], task: Task, stratified: bool) -> Scored | None:
        """Return a cell's samples; None if a run has no predictions or other samples."""
        frames = [self.frame(run) for run in runs]
        known = [frame for frame in frames if frame is not None]
        if not known or len(known) < len(frames):
            return None
        first = known[0]
        if any(list(one["sample_id"]) != list(first["sample_id"]) for one in known):
            return None
        return scored_from(known, task, stratified)

    def frame(self, run: CellRun) -> DataFrame | None:
        """Return the labelled test rows of a run in the order of sample ids."""
        if run.fingerprint not in self.frames:
            self.frames[run.fingerprint] = self.predictions(run.fingerprint)
        whole = self.frames[run.fingerprint]
        if whole is None:
            return None
        wanted = {"part": "test", "dataset": run.dataset, "task": run.task}
        mask = np.logical_and.reduce([whole[name] == value for name, value in wanted.items()])
        mine = whole[mask & whole["y0"].notna()]
        return mine.sort_values("sample_id") if len(mine) else None


def scored_from(frames: Sequence[DataFrame], task: Task, stratified: bool) -> Scored:
    """Return the samples of predictions that are about the same ones, in the same order.

    Args:
        frames: Of each run (seed).
        task: What they are of.
        stratified: Whether the split fixed the share of each class in its parts.
    """
    first = frames[0]
    groups = first["group_id" if "group_id" in first else "sample_id"]
    return Scored(
        truth=_columns(first, "y", task),
        scores=tuple(_columns(one, "s", task) for one in frames),
        groups=tuple(str(one) for one in groups),
        stratified=stratified,
    )


def _columns(frame: DataFrame, letter: str, task: Task) -> NDArray[np.float64]:
    """Return the truth (``y``) or the scores (``s``) in the form of ``benchmark.metrics``."""
    count = dict(_widths(task))[letter]
    names = [f"{letter}{index}" for index in range(count or 1)]
    values = frame[names].to_numpy(dtype=np.float64)
    return values if count else values[:, 0]


def _widths(task: Task) -> Iterator[tuple[str, int]]:
    """Yield the columns of truth and scores; 0 is a flat array."""
    classes = len(task.classes)
    yield "y", {"multilabel": classes, "survival": 2, "segmentation": classes}.get(task.kind, 0)
    wide = {"multiclass": classes, "multilabel": classes, "segmentation": classes**2}
    yield "s", wide.get(task.kind, 0)
