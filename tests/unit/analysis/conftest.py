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
def tables(tmp_path: Path, paths: Paths) -> Callable[..., list[Expansion]]:
    """Expand the tables of manifest texts; keyword arguments are fields of the request."""

    def make(*texts: str, **request: object) -> list[Expansion]:
        found = []
        for number, text in enumerate(texts):
            path = tmp_path / f"table{number}.yaml"
            path.write_text(text)
            asked = Request(DataContext(paths), **request)  # type: ignore[arg-type]
            found.append(expand(load_manifest(path), asked))
        return found

    return make


@pytest.fixture
def fill(paths: Paths) -> Fill:
    """Store a made-up result for every run; ``value`` None stores an error instead."""
    store = RunStore(paths.cache)

    def make(
        expansion: Expansion,
        value: Value,
        metrics: tuple[str, ...] = ("acc", "auprc_ap", "auprc_trapezoid"),
        samples: dict[str, int] | None = None,
    ) -> RunStore:
        for run in expansion.runs:
            component = run.spec.components[0]
            numbers = {metric: value(run, metric) for metric in metrics}
            failed = numbers[metrics[0]] is None
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
                    info={"samples": samples} if samples else {},
                )
            )
        return store

    return make
