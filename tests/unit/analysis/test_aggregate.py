"""Tables from expansions and stored results."""

from __future__ import annotations

from benchmark.analysis.aggregate import build_table
from benchmark.manifest.expand import Expansion
from benchmark.manifest.plan import PlannedRun
from benchmark.render.table import Measured, Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

from .conftest import Expand, Fill


def table_of(expansion: Expansion, store: RunStore) -> Table:
    statuses = store.statuses(run.spec.fingerprint for run in expansion.runs)
    return build_table(expansion, load_view(store), statuses)


def cell(table: Table, row: str, column: str) -> Measured:
    found = {one.key: one for one in table.rows}[row].cells[column]
    assert isinstance(found, Measured)
    return found


def by_fold(run: PlannedRun, metric: str) -> float:
    """prior 0.1 0.2 0.3, ridge 0.4 0.5 0.6 over folds 0 1 2."""
    base = {"prior": 0.1, "ridge_logistic": 0.4, "boosting": 0.2}[run.spec.model.name]
    return base + run.spec.split.fold / 10


def test_cells_take_test_values_over_folds(toy: Expand, fill: Fill) -> None:
    expansion = toy()
    table = table_of(expansion, fill(expansion, by_fold))
    ridge = cell(table, "ridge", "wdbc/diagnosis/acc")
    assert ridge.mean is not None
    assert round(ridge.mean, 12) == 0.5
    assert ridge.std is not None
    assert round(ridge.std, 12) == 0.1
    assert (ridge.n, ridge.planned, ridge.mark) == (3, 3, "best")
    assert cell(table, "trees", "wdbc/diagnosis/acc").mark == "second"
    assert cell(table, "prior", "planted/label/acc").mark == "second"
    assert "planted/label/acc" not in {one.key: one for one in table.rows}["trees"].cells
    assert [row.group for row in table.rows] == ["Controls", "Controls", "More"]


def test_heads_name_the_metric_and_tell_two_definitions_apart(toy: Expand, fill: Fill) -> None:
    expansion = toy()
    table = table_of(expansion, fill(expansion, by_fold))
    assert [(column.group, column.label) for column in table.columns] == [
        ("wdbc: diagnosis", "ACC"),
        ("wdbc: diagnosis", "auprc_ap"),
        ("wdbc: diagnosis", "auprc_trapezoid"),
        ("planted: label", "ACC"),
    ]


def test_the_caption_says_what_the_spread_is_and_what_the_data_is(toy: Expand, fill: Fill) -> None:
    expansion = toy()
    table = table_of(expansion, fill(expansion, by_fold))
    assert table.caption[0] == "Mean ± standard deviation (ddof 1) over 3 folds."
    assert "Data: wdbc real data, planted SYNTHETIC data." in table.caption
    assert "Variant described, profile full." in table.caption
    assert table.warnings == ("planted: SYNTHETIC data; not comparable with printed numbers.",)
    assert table.notes == ()


def test_failed_runs_are_named_and_leave_their_cells_unmarked(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"])

    def one_broken(run: PlannedRun, metric: str) -> float | None:
        broken = run.spec.model.name == "ridge_logistic" and run.spec.split.fold == 1
        return None if broken else by_fold(run, metric)

    table = table_of(expansion, fill(expansion, one_broken))
    ridge = cell(table, "ridge", "wdbc/diagnosis/acc")
    assert (ridge.n, ridge.planned, ridge.mark) == (2, 3, "")
    assert cell(table, "trees", "wdbc/diagnosis/acc").mark == "best"
    assert table.notes == ("toy ridge wdbc fold 1 seed 0: error.",)


def test_runs_that_are_still_to_do_are_counted(toy: Expand, fill: Fill) -> None:
    store = fill(toy(rows=["prior"], datasets=["wdbc"]), by_fold)
    table = table_of(toy(datasets=["wdbc"]), store)
    assert table.notes == ("6 of 9 runs have not been done yet.",)
    empty = cell(table, "ridge", "wdbc/diagnosis/acc")
    assert (empty.mean, empty.n, empty.planned) == (None, 0, 3)


def test_rows_with_other_spreads_are_told_apart(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"], overrides={"ridge:seeds": "[0, 1]"})
    table = table_of(expansion, fill(expansion, by_fold))
    assert table.caption[0].endswith("over folds or seeds, see the notes.")
    assert table.notes == (
        "± over 3 folds: Prior, Trees.",
        "± over 3 folds, each the mean of 2 seeds: Ridge.",
    )


def test_one_run_per_cell_has_no_spread(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"], folds=["1"])
    table = table_of(expansion, fill(expansion, by_fold))
    assert table.caption[0] == "One run per cell, so there is no spread."
    assert cell(table, "prior", "wdbc/diagnosis/acc").std is None
