"""Metrics that runs lack are computed from their predictions."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from benchmark.analysis.aggregate import build_table
from benchmark.analysis.rescore import completed_view
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, RunResult
from benchmark.manifest.plan import PlannedRun
from benchmark.metrics import METRICS
from benchmark.render.table import Measured, Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

from .conftest import Expand, Fill

#: Two of three decided rightly; the validation part and the other task must not be looked at.
PREDICTIONS = pd.DataFrame(
    [
        ("test", "wdbc", "diagnosis", "1", 1.0, 0.9),
        ("test", "wdbc", "diagnosis", "2", 0.0, 0.2),
        ("test", "wdbc", "diagnosis", "3", 0.0, 0.7),
        ("val", "wdbc", "diagnosis", "4", 0.0, 0.7),
        ("test", "planted", "label", "1", 0.0, 0.7),
    ],
    columns=["part", "dataset", "task", "sample_id", "y0", "s0"],
)


def accuracy(table: Table) -> Measured:
    cell = table.rows[0].cells["wdbc/diagnosis/acc"]
    assert isinstance(cell, Measured)
    return cell


def test_a_metric_added_later(toy: Expand, paths: Paths) -> None:
    expansion = toy(rows=["prior"], datasets=["wdbc"])
    store = RunStore(paths.cache)
    done = toy(rows=["prior"], datasets=["planted"]).runs
    for run in (*expansion.runs, *done):
        store.write(RunResult(spec=run.spec, status="ok", rows=_one_row(run)), PREDICTIONS)
    before = load_view(store)
    assert accuracy(build_table(expansion, before)).n == 0
    view = completed_view(before, [expansion], store.read_predictions)
    cell = accuracy(build_table(expansion, view))
    assert (cell.n, cell.mean) == (3, pytest.approx(2 / 3))
    assert len(view) == len(before) + 3 * 3
    assert set(view["seed"]) == {0}


def _one_row(run: PlannedRun) -> tuple[MetricRow, ...]:
    component = run.spec.components[0]
    row = MetricRow(
        part="test",
        dataset=component.dataset,
        task=component.tasks[0],
        metric="f1_micro",
        value=0.5,
        n=3,
    )
    return (row,)


def test_a_metric_defined_anew(toy: Expand, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    expansion = toy(rows=["prior"], datasets=["wdbc"])
    store = fill(expansion, lambda run, metric: 0.25)
    assert accuracy(build_table(expansion, load_view(store))).mean == 0.25
    newer = replace(METRICS.entry("acc"), result_version=2)
    monkeypatch.setitem(METRICS._entries, "acc", newer)
    assert accuracy(build_table(expansion, load_view(store))).mean is None
    view = completed_view(load_view(store), [expansion], lambda name: PREDICTIONS)
    assert accuracy(build_table(expansion, view)).mean == pytest.approx(2 / 3)


def test_nothing_is_read_where_nothing_is_lacking(toy: Expand, fill: Fill) -> None:
    expansion = toy(rows=["prior"], datasets=["wdbc"])
    store = fill(expansion, lambda run, metric: 0.25)

    def never(name: str) -> pd.DataFrame:
        raise AssertionError(name)

    assert completed_view(load_view(store), [expansion], never) is not None


def test_without_predictions_the_cell_says_so(toy: Expand, fill: Fill) -> None:
    expansion = toy(rows=["prior"], datasets=["wdbc"])
    store = fill(expansion, lambda run, metric: 0.25)
    view = load_view(store)
    view = completed_view(view[view["metric"] != "acc"], [expansion], lambda name: None)
    cell = accuracy(build_table(expansion, view))
    assert cell.reason == "acc was not computed (3 of 3 runs)"
