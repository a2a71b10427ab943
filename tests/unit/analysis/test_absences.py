"""Undefined, failed and undone runs look different, and programs get the same conditions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.analysis.aggregate import build_table
from benchmark.core.paths import Paths
from benchmark.core.result import Failure, MetricRow, RunResult, Status
from benchmark.manifest.expand import Expansion
from benchmark.manifest.plan import PlannedRun
from benchmark.render.formats import render
from benchmark.render.table import Measured, Table
from benchmark.render.wording import Wording
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

Expand = Callable[..., Expansion]
COLUMN = "wdbc/diagnosis/acc"


def stored(run: PlannedRun, status: Status, value: float | None, metric: str = "acc") -> RunResult:
    row = MetricRow(
        part="test",
        dataset="wdbc",
        task="diagnosis",
        metric=metric,
        value=value,
        reason="" if value is not None else "one class only",
        n=9,
    )
    failure = None if status == "ok" else Failure(type="X", message="x")
    rows = (row,) if status == "ok" else ()
    return RunResult(spec=run.spec, status=status, rows=rows, failure=failure)


@pytest.fixture
def one_row(toy: Expand) -> Expansion:
    """Three folds of one control."""
    return toy(rows=["prior"], datasets=["wdbc"])


def build(expansion: Expansion, paths: Paths, results: list[RunResult]) -> Table:
    store = RunStore(paths.cache)
    for result in results:
        store.write(result)
    statuses = store.statuses(run.spec.fingerprint for run in expansion.runs)
    return build_table(expansion, load_view(store), statuses)


def shown(table: Table) -> tuple[Measured, str]:
    cell = table.rows[0].cells[COLUMN]
    assert isinstance(cell, Measured)
    return cell, Wording(table).cell(table.rows[0], table.columns[0]).plain


def test_undefined_in_one_run(one_row: Expansion, paths: Paths) -> None:
    first, second, third = one_row.runs
    results = [stored(first, "ok", None), stored(second, "ok", 0.5), stored(third, "ok", 0.7)]
    cell, text = shown(build(one_row, paths, results))
    assert (cell.n, cell.undefined, cell.units) == (2, 1, 2)
    assert cell.reason == "one class only (1 of 3 runs)"
    assert text == "0.600 ± 0.141 (2/3, a)"


def test_undefined_in_every_run(one_row: Expansion, paths: Paths) -> None:
    table = build(one_row, paths, [stored(run, "ok", None) for run in one_row.runs])
    assert shown(table)[1] == "n/a (a)"
    assert Wording(table).note_lines()[0] == "(a) one class only (3 of 3 runs)"


def test_failed_and_undone_runs(one_row: Expansion, paths: Paths) -> None:
    first, second, _ = one_row.runs
    table = build(one_row, paths, [stored(first, "oom", None), stored(second, "ok", 0.5)])
    cell, text = shown(table)
    assert (cell.mean, cell.std, cell.n, cell.planned) == (0.5, None, 1, 3)
    assert text == "0.500 (1/3, a)"
    assert cell.reason == "ended in oom (1 of 3 runs)"
    assert table.notes == (
        "toy prior wdbc fold 0 seed 0: oom.",
        "1 of 3 runs have not been done yet.",
    )


def test_nothing_done(one_row: Expansion, paths: Paths) -> None:
    table = build(one_row, paths, [])
    assert shown(table)[1] == "–"
    assert table.notes == ("3 of 3 runs have not been done yet.",)


def test_a_metric_that_was_not_computed_is_not_undefined(one_row: Expansion, paths: Paths) -> None:
    results = [stored(run, "ok", 0.5, metric="f1_macro") for run in one_row.runs]
    cell, text = shown(build(one_row, paths, results))
    assert (cell.undefined, text) == (0, "– (0/3, a)")
    assert cell.reason == "acc was not computed (3 of 3 runs)"


def test_statuses_in_the_view_need_not_be_looked_up(one_row: Expansion, paths: Paths) -> None:
    store = RunStore(paths.cache)
    for run in one_row.runs:
        store.write(stored(run, "ok", 0.5))
    assert build_table(one_row, load_view(store)).notes == ()


def test_programs_get_the_conditions(toy: Expand, paths: Paths) -> None:
    table = build(toy(), paths, [])
    assert table.facts == {
        "variant": "described",
        "profile": "full",
        "part": "test",
        "selection": "validation",
        "std_ddof": "1",
        "std_over": "3 folds",
        "changed": "",
    }
    assert {column.key: column.source for column in table.columns}["planted/label/acc"] == (
        "synthetic"
    )
    for fmt in ("terminal", "markdown", "latex"):
        assert render(table, fmt).count("SYNTHETIC data; not comparable with") == 2
