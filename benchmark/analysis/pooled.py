"""Metrics of the test predictions of all folds together, with bootstrap intervals over patients.

Where folds are so small that a metric of one says little, or does not exist, their test parts are
put together: every sample is scored once, by the model that did not see it. Scores of different
models are then ranked against each other, so a model that is well within folds but calibrated
differently in each gets a lower AUROC than its mean over folds; constant scores, which follow the
training share of each fold, fall below one half (Airola et al. 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.analysis.intervals import (
    RESAMPLES,
    Intervals,
    PredictionReader,
    Predictions,
    TaskKinds,
    interval,
    scored_from,
)
from benchmark.core.spec import RunSpec
from benchmark.manifest.expand import CellRun, Expansion
from benchmark.metrics import METRICS

if TYPE_CHECKING:
    from pandas import DataFrame

#: The runs of a cell by seed, one per fold.
FoldRuns = dict[tuple[str, str], tuple[tuple[CellRun, ...], ...]]


def over_all_folds(expansion: Expansion) -> FoldRuns:
    """Return the cells that are a model's own scores over every fold of one division."""
    specs = {run.spec.fingerprint: run.spec for run in expansion.runs}
    scored = {one.key for one in expansion.manifest.table_columns() if one.metric in METRICS}
    found = {}
    for (row, column), runs in expansion.cells.items():
        own = all((run.pick.head, run.pick.subgroup) == ("main", "all") for run in runs)
        seeds = _by_seed(runs, specs) if own and column in scored else ()
        if seeds:
            found[row, column] = seeds
    return found


def pooled_intervals(
    expansion: Expansion, predictions: Predictions, resamples: int = RESAMPLES
) -> Intervals:
    """Return each cell's metric over the test parts of all folds, with its 95 % interval.

    The number is the mean over seeds. Patients are drawn whole, the same for all seeds; models are
    not trained again. Cells with a fold missing, without stored predictions, or in which a sample
    is tested twice are left out.

    Args:
        expansion: Rows, columns and runs.
        predictions: Of ``RunStore.read_predictions``.
        resamples: How many.
    """
    columns = {column.key: column for column in expansion.manifest.table_columns()}
    kinds, read = TaskKinds(expansion), PredictionReader(predictions)
    found = {}
    for (row, key), seeds in over_all_folds(expansion).items():
        task = kinds.task(columns[key])
        frames = [_together(runs, read) for runs in seeds]
        known = [frame for frame in frames if frame is not None]
        ids = [list(frame["sample_id"]) for frame in known]
        if len(known) < len(frames) or any(one != ids[0] for one in ids):
            continue
        # Test shares differ between draws of patients, so classes are not kept.
        scored = scored_from(known, task, stratified=False)
        found[row, key] = interval(scored, columns[key].metric, task.kind, resamples)
    return found


def _by_seed(
    runs: tuple[CellRun, ...], specs: dict[str, RunSpec]
) -> tuple[tuple[CellRun, ...], ...]:
    """Return the runs of each seed, if these are all folds of one division; else nothing."""
    seeds: dict[int, dict[int, CellRun]] = {}
    splits = set()
    for run in runs:
        spec = specs[run.fingerprint]
        seeds.setdefault(spec.seed, {})[spec.split.fold] = run
        splits.add(spec.split.model_copy(update={"fold": 0}))
    if len(splits) != 1:
        return ()
    split = splits.pop()
    whole = split.kind == "kfold" and split.folds > 1
    if not whole or any(set(folds) != set(range(split.folds)) for folds in seeds.values()):
        return ()
    return tuple(tuple(folds.values()) for folds in seeds.values())


def _together(runs: tuple[CellRun, ...], read: PredictionReader) -> DataFrame | None:
    """Return the test rows of all folds in order of ids; None where they are not a division."""
    import pandas as pd

    frames = [read.frame(run) for run in runs]
    known = [frame for frame in frames if frame is not None]
    if len(known) < len(frames):
        return None
    whole = pd.concat(known, ignore_index=True).sort_values("sample_id")
    return None if whole["sample_id"].duplicated().any() else whole.reset_index(drop=True)
