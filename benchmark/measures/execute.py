"""Carry out runs that look at trained models, or measure what models cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmark.core.errors import DivergedError, UsageError
from benchmark.core.result import MetricRow, Part, Pick
from benchmark.core.spec import Ref, RunSpec
from benchmark.measures import ANALYSES
from benchmark.measures._base import Analysed, Parent, Trained
from benchmark.measures.restore import restore
from benchmark.training.evaluate import metric_rows, prediction_table
from benchmark.training.execute import (
    Clock,
    ExecutionContext,
    Outcome,
    fix_numerics,
    load_data,
)

_SCORED: tuple[Part, ...] = ("val", "test")


def carry_out(spec: RunSpec, context: ExecutionContext, parents: Sequence[Parent]) -> Outcome:
    """Carry out a run of kind ``evaluate`` or ``measure``.

    Args:
        spec: The run.
        context: What it needs around it.
        parents: Runs that ``spec.parents`` names, in that order.

    Raises:
        UsageError: A kind of run that is not for here, or a parent that cannot be looked at.
        StoreError: The weights of a parent are gone.
        DataError: Weights or data do not fit.
        DivergedError: A logit is not finite.
    """
    fix_numerics(spec.threads, context.device)
    with threadpool_limits(spec.threads):
        if spec.kind == "evaluate":
            return _evaluate(spec, context, parents)
        if spec.kind == "measure" and spec.analysis is not None:
            return _measure(spec, spec.analysis, context)
    raise UsageError(f"{spec.kind!r} runs are not for benchmark.measures.execute")


def _measure(spec: RunSpec, analysis: Ref, context: ExecutionContext) -> Outcome:
    config = ANALYSES.config(analysis.name).parse(analysis.config)
    found: Outcome = ANALYSES.load(analysis.name)(spec, context, config)
    return found


def _evaluate(spec: RunSpec, context: ExecutionContext, parents: Sequence[Parent]) -> Outcome:
    clock = Clock()
    datas = [load_data(parent.spec, context) for parent in parents]
    clock.lap("data")
    family = [
        restore(parent, data, context.device, spec)
        for parent, data in zip(parents, datas, strict=True)
    ]
    clock.lap("restore")
    context.progress("predict", {})
    rows, predictions, found = _look(spec, family[0], family[1:])
    clock.lap("predict")
    data = datas[0]
    return Outcome(
        rows=(*rows, *found.rows),
        predictions=predictions,
        releases={one.component.dataset: one.dataset.release for one in datas},
        seconds=clock.seconds(),
        info={"samples": data.sizes, "warnings": list(data.parts.warnings), **found.info},
        weights=None,
        samples=found.samples,
    )


def _look(
    spec: RunSpec, trained: Trained, others: Sequence[Trained]
) -> tuple[list[MetricRow], pd.DataFrame | None, Analysed]:
    """Score the model, or let an analysis look at it."""
    if spec.analysis is None:
        rows, predictions = _score(trained)
        return rows, predictions, Analysed()
    config = ANALYSES.config(spec.analysis.name).parse(spec.analysis.config)
    analysis = ANALYSES.load(spec.analysis.name)
    return [], None, analysis(trained, config, tuple(others))


def _score(trained: Trained) -> tuple[list[MetricRow], pd.DataFrame]:
    """Score a model as after training, under its scenario; subgroups on their own as well."""
    rows: list[MetricRow] = []
    tables = []
    for part in _SCORED:
        scores = model_scores(trained, part)
        pick = Pick(scenario=trained.label)
        rows += metric_rows(trained.data, part, scores, pick)
        for name, among in _subgroups(trained, part).items():
            rows += metric_rows(trained.data, part, scores, pick._replace(subgroup=name), among)
        tables.append(prediction_table(trained.data, part, scores))
    return rows, pd.concat(tables, ignore_index=True)


def model_scores(trained: Trained, part: Part) -> dict[str, NDArray[np.float64]]:
    """Return the model's scores of a part by task, in the form metrics take.

    Raises:
        DivergedError: A logit is not finite.
    """
    chunks: dict[str, list[torch.Tensor]] = {}
    for _, output in trained.outputs(part):
        for task, logits in output.logits.items():
            chunks.setdefault(task, []).append(logits.float())
    joined = {task: torch.cat(found) for task, found in chunks.items()}
    for task, logits in joined.items():
        if not bool(torch.isfinite(logits).all()):
            raise DivergedError(f"logits of task {task!r} are not finite under {trained.label}")
    return {task: trained.scores(task, joined[task]) for task in trained.losses}


def _subgroups(trained: Trained, part: Part) -> dict[str, Any]:
    if trained.scenario is None:
        return {}
    return dict(trained.scenario.subgroups(trained.data, part))
