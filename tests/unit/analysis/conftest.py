"""Small tables with results made up in the store's form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.core.paths import Paths
from benchmark.core.result import Failure, MetricRow, RunResult
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore

MANIFEST = """\
schema_version: 1
id: suite/toy
title: A toy table
datasets:
  wdbc: {}
  planted: {options: {n: 60}}
columns:
  - {dataset: wdbc, task: diagnosis, metrics: [acc, auprc_ap, auprc_trapezoid]}
  - {dataset: planted, task: label, metrics: [acc]}
settings:
  split: {kind: kfold, folds: 3}
  seeds: [0]
rows:
  - {key: prior, label: Prior, group: Controls, model: prior}
  - {key: ridge, label: Ridge, group: Controls, model: ridge_logistic}
  - {key: trees, label: Trees, group: More, model: boosting, datasets: [wdbc]}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
"""

Value = Callable[[PlannedRun, str], float | None]
Expand = Callable[..., Expansion]
Fill = Callable[..., RunStore]


@pytest.fixture
def toy(tmp_path: Path, paths: Paths) -> Expand:
    """Expand the toy table; keyword arguments are fields of the request."""
    path = tmp_path / "toy.yaml"
    path.write_text(MANIFEST)

    def make(**request: object) -> Expansion:
        return expand(load_manifest(path), Request(DataContext(paths), **request))  # type: ignore[arg-type]

    return make


@pytest.fixture
def fill(paths: Paths) -> Fill:
    """Store a made-up result for every run; ``value`` None stores an error instead."""
    store = RunStore(paths.cache)

    def make(expansion: Expansion, value: Value) -> RunStore:
        for run in expansion.runs:
            component = run.spec.components[0]
            metrics = ("acc", "auprc_ap", "auprc_trapezoid")
            numbers = {metric: value(run, metric) for metric in metrics}
            failed = numbers["acc"] is None
            rows = [
                MetricRow(
                    part=part,
                    dataset=component.dataset,
                    task=component.tasks[0],
                    metric=metric,
                    value=number if part == "test" else 0.0,
                    n=10,
                )
                for metric, number in numbers.items()
                for part in ("val", "test")
            ]
            store.write(
                RunResult(
                    spec=run.spec,
                    status="error" if failed else "ok",
                    rows=() if failed else tuple(rows),
                    failure=Failure(type="ValueError", message="broken") if failed else None,
                )
            )
        return store

    return make
